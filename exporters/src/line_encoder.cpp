// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/line_encoder.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "exporters/src/exemplar_text.h"
#include "exporters/src/line_labels.h"
#include "meters/base/number.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

using meters::Family;
using meters::Row;

constexpr std::size_t kNumberBytes = 40;  // a space, the longest number, braces, a line feed
constexpr double kInfinity = std::numeric_limits<double>::infinity();

char* write_number(char* to, std::int64_t value) noexcept { return std::to_chars(to, to + kNumberBytes, value).ptr; }
char* write_number(char* to, std::uint64_t value) noexcept { return std::to_chars(to, to + kNumberBytes, value).ptr; }
char* write_number(char* to, double value) noexcept {
  // Whole numbers are common, and much cheaper as integers.
  constexpr double kExact = 1e15;
  if (value > -kExact && value < kExact) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value) return write_number(to, whole);
    return std::to_chars(to, to + kNumberBytes, value).ptr;
  }
  if (std::isnan(value)) return copy(to, "NaN");
  if (std::isinf(value)) return copy(to, value > 0 ? "+Inf" : "-Inf");
  return std::to_chars(to, to + kNumberBytes, value).ptr;
}

double upper_bound(const std::vector<double>& bounds, std::size_t bucket) noexcept {
  if (bucket < bounds.size()) return bounds[bucket];
  return kInfinity;
}

bool is_fraction(double value) noexcept { return value >= 0 && value <= 1; }

// Seconds with as many digits as there are, at least milliseconds: 1520879607.789.
void append_seconds(std::string& out, std::int64_t ns) {
  append_integer(out, ns / 1'000'000'000);
  const std::int64_t milliseconds = ns / 1'000'000 % 1000;
  out += '.';
  out += static_cast<char>('0' + milliseconds / 100);
  out += static_cast<char>('0' + milliseconds / 10 % 10);
  out += static_cast<char>('0' + milliseconds % 10);
}

}  // namespace

void append_metric_name(std::string& out, std::string_view name) {
  if (wire::is_legacy_metric_name(name)) {
    out += name;
    return;
  }
  out += '"';
  wire::append_quoted_text(out, name);
  out += '"';
}

void append_bound(std::string& out, double value, bool open_metrics) {
  const std::size_t start = out.size();
  append_go_double(out, value);
  if (open_metrics && std::isfinite(value) && out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

void LineEncoder::begin(SampleType type, std::string_view name, std::string header) {
  type_ = type;
  name_ = name;
  header_ = std::move(header);
  const bool counts = dialect_.open_metrics && type == SampleType::Counter;
  sample_ = head(counts ? "_total" : dialect_.open_metrics && type == SampleType::Info ? "_info" : "");
  bucket_ = head("_bucket");
  sum_ = head("_sum");
  count_ = head("_count");
  created_ = head("_created");
}

LineEncoder::Head LineEncoder::head(std::string_view suffix) const {
  std::string full = name_;
  full += suffix;
  Head head;
  head.opened = !wire::is_legacy_metric_name(full);
  if (head.opened) head.text = "{";
  append_metric_name(head.text, full);
  return head;
}

void LineEncoder::encode(const ExposedMember& member, const std::vector<bool>& hidden) {
  const Family& family = *member.family;
  next_exemplar_ = 0;
  rendered_bounds_ = nullptr;
  std::visit(
      [&](const auto& points) {
        using Points = std::decay_t<decltype(points)>;
        if constexpr (std::is_same_v<Points, meters::Scalars>) {
          encode_scalars(points, member, hidden);
        } else {
          for_each_row(member, hidden, [&](Row row, std::string_view labels) {
            if constexpr (std::is_same_v<Points, meters::Histograms>) {
              write_histogram(points, family, row, labels);
            } else {
              write_summary(points, family, row, labels);
            }
          });
        }
      },
      family.points);
}

void LineEncoder::show_row() {
  if (!header_.empty()) {
    writer_.put(header_);
    header_.clear();
    ++report_.families;
  }
  ++report_.rows;
}

bool LineEncoder::is_bad_counter(const meters::Scalars& points, Row row) {
  if (points.as_double(row) >= 0) return false;
  ++report_.rows_with_bad_value;
  note_fault(report_, name_, "a counter is negative or not a number");
  return true;
}

template <class WriteRow>
void LineEncoder::for_each_row(const ExposedMember& member, const std::vector<bool>& hidden,
                               const WriteRow& write_row) {
  LineLabels labels(*member.family, member.identity);
  std::string text(labels.constants());
  const std::size_t constants = text.size();
  const Row rows = member.family->rows();
  for (Row first = 0; first < rows && !writer_.refused(); first += LineLabels::kChunk) {
    const std::size_t count = std::min<std::size_t>(LineLabels::kChunk, rows - first);
    labels.load(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      const Row row = first + static_cast<Row>(i);
      if (!hidden.empty() && hidden[row]) continue;
      const std::size_t bound = constants + labels.bound(i) + BlockWriter::kSpill;
      if (text.size() < bound) text.resize(bound);
      const char* end = labels.append(text.data() + constants, i);
      show_row();
      write_row(row, std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
    }
  }
}

// The hot path: most of what is exposed is scalars.
void LineEncoder::encode_scalars(const meters::Scalars& points, const ExposedMember& member,
                                 const std::vector<bool>& hidden) {
  const Family& family = *member.family;
  LineLabels labels(family, member.identity);
  std::string prefix = sample_.text;
  prefix += labels.constants();
  const std::size_t prefix_size = prefix.size();
  const std::size_t name_size = sample_.text.size();
  prefix.append(16, '\0');  // copy_padded reads past the end
  const bool checked = dialect_.open_metrics && type_ == SampleType::Counter;
  const bool plain = !checked || (family.exemplars.empty() && !dialect_.created_lines);
  const bool integer = points.type == meters::NumberType::Integer;

  for (Row first = 0; first < family.rows() && !writer_.refused(); first += LineLabels::kChunk) {
    const std::size_t count = std::min<std::size_t>(LineLabels::kChunk, family.rows() - first);
    labels.load(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      const Row row = first + static_cast<Row>(i);
      if (!hidden.empty() && hidden[row]) continue;
      if (checked && is_bad_counter(points, row)) continue;
      show_row();
      const std::size_t bound = prefix_size + labels.bound(i) + kNumberBytes;
      const bool fits = bound <= BlockWriter::kBlockBytes;
      if (!fits) scratch_.resize(bound + BlockWriter::kSpill);
      char* const start = fits ? writer_.reserve(bound) : scratch_.data();
      char* to = copy_padded(start, prefix.data(), prefix_size);
      to = labels.append(to, i);
      if (sample_.opened) {
        *to++ = '}';
      } else if (to != start + name_size) {
        start[name_size] = '{';
        *to++ = '}';
      }
      *to++ = ' ';
      to = integer ? write_number(to, std::bit_cast<std::int64_t>(points.bits[row]))
                   : write_number(to, std::bit_cast<double>(points.bits[row]));
      if (plain) *to++ = '\n';
      if (fits) {
        writer_.commit(to);
      } else {
        writer_.put({start, static_cast<std::size_t>(to - start)});
      }
      if (plain) continue;
      end_line(family, row, 0, -kInfinity, kInfinity);
      if (dialect_.created_lines) {
        std::string text(labels.constants());
        text.resize(bound + BlockWriter::kSpill);
        const char* end = labels.append(text.data() + labels.constants().size(), i);
        created_line(family, row, {text.data(), static_cast<std::size_t>(end - text.data())});
      }
    }
  }
}

template <class Value>
void LineEncoder::line(const Head& head, std::string_view labels, std::string_view last_label, Value value) {
  const std::size_t bound = head.text.size() + labels.size() + last_label.size() + kNumberBytes;
  const bool fits = bound <= BlockWriter::kBlockBytes;
  if (!fits) scratch_.resize(bound);
  char* const start = fits ? writer_.reserve(bound) : scratch_.data();
  char* to = copy(copy(copy(start, head.text), labels), last_label);
  if (head.opened) {
    *to++ = '}';
  } else if (to != start + head.text.size()) {
    start[head.text.size()] = '{';
    *to++ = '}';
  }
  *to++ = ' ';
  to = write_number(to, value);
  if (fits) return writer_.commit(to);
  writer_.put({start, static_cast<std::size_t>(to - start)});
}

void LineEncoder::end_line(const Family& family, Row row, std::uint32_t bucket, double lower, double upper) {
  if (dialect_.open_metrics) {
    const auto before = [&](const meters::Exemplar& e) { return e.row < row || (e.row == row && e.bucket < bucket); };
    while (next_exemplar_ < family.exemplars.size() && before(family.exemplars[next_exemplar_])) ++next_exemplar_;
    if (next_exemplar_ < family.exemplars.size()) {
      const meters::Exemplar& exemplar = family.exemplars[next_exemplar_];
      if (exemplar.row == row && exemplar.bucket == bucket && exemplar.value > lower && exemplar.value <= upper) {
        scratch_.clear();
        append_exemplar(scratch_, exemplar);
        writer_.put(scratch_);
      }
    }
  }
  writer_.put("\n");
}

void LineEncoder::created_line(const Family& family, Row row, std::string_view labels) {
  if (!dialect_.open_metrics || !dialect_.created_lines || family.start_ns.empty() || family.start_ns[row] <= 0) return;
  scratch_ = created_.text;
  if (!created_.opened && !labels.empty()) {
    scratch_ += '{';
    labels.remove_prefix(1);
  }
  scratch_ += labels;
  scratch_ += created_.opened || !labels.empty() ? "} " : " ";
  append_seconds(scratch_, family.start_ns[row]);
  scratch_ += '\n';
  writer_.put(scratch_);
}

void LineEncoder::render_bounds(const std::vector<double>& bounds) {
  if (rendered_bounds_ == &bounds) return;
  rendered_bounds_ = &bounds;
  bounds_.assign(bounds.size() + 1, ",le=\"");
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    append_bound(bounds_[i], upper_bound(bounds, i), dialect_.open_metrics);
    bounds_[i] += '"';
  }
}

// OpenMetrics: no sum where a bucket bound is negative, no negative sum, and a count exactly where there is a sum.
void LineEncoder::write_histogram(const meters::Histograms& points, const Family& family, Row row,
                                  std::string_view labels) {
  const std::vector<double>& bounds = *points.bounds;
  render_bounds(bounds);
  const std::uint64_t* counts = points.counts.data() + std::size_t{row} * points.buckets();
  std::uint64_t cumulative = 0;
  for (std::uint32_t bucket = 0; bucket < points.buckets(); ++bucket) {
    cumulative += counts[bucket];
    line(bucket_, labels, bounds_[bucket], cumulative);
    end_line(family, row, bucket, bucket == 0 ? -kInfinity : bounds[bucket - 1], upper_bound(bounds, bucket));
  }
  const double sum = points.sums[row];
  const bool strict = dialect_.open_metrics;
  const bool has_sum = !std::isnan(sum) && (!strict || (sum >= 0 && (bounds.empty() || bounds[0] >= 0)));
  if (has_sum) {
    line(sum_, labels, {}, sum);
    writer_.put("\n");
  }
  if (has_sum || !strict) {
    line(count_, labels, {}, cumulative);
    writer_.put("\n");
  }
  created_line(family, row, labels);
}

void LineEncoder::write_summary(const meters::Summaries& points, const Family& family, Row row,
                                std::string_view labels) {
  const bool strict = dialect_.open_metrics;
  for (const meters::Quantile& quantile : points.quantiles[row]) {
    if (!is_fraction(quantile.quantile)) continue;
    std::string last = ",quantile=\"";
    append_bound(last, quantile.quantile, strict);
    last += '"';
    line(sample_, labels, last, quantile.value);
    writer_.put("\n");
  }
  const double sum = points.sums[row];
  if (!std::isnan(sum) && (!strict || sum >= 0)) {
    line(sum_, labels, {}, sum);
    writer_.put("\n");
  }
  line(count_, labels, {}, points.counts[row]);
  writer_.put("\n");
  created_line(family, row, labels);
}

}  // namespace tocsin::exporters
