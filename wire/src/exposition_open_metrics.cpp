// SPDX-License-Identifier: Apache-2.0
// OpenMetrics 1.0: one line after the other, and what the specification asks of families, metrics and points.
#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <unordered_set>

#include "wire/src/exposition_formats.h"
#include "wire/src/exposition_lexer.h"
#include "wire/src/exposition_number.h"
#include "wire/src/exposition_roles.h"
#include "wire/src/open_metrics_point.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t kExemplarCharacters = 128;

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class OpenMetricsReader {
 public:
  OpenMetricsReader(std::string_view body, Exposition& into, const ExpositionOptions& options)
      : lexer_(ExpositionLexer::Grammar::OpenMetrics, body, into), into_(into), options_(options) {}

  Result<void> read();

 private:
  using Line = ExpositionLexer::Line;

  bool fail(const char* where, std::string_view what) {
    failed_ = lexer_.fault(where, what);
    return false;
  }
  ExpositionFamily& family() { return into_.families.back(); }
  bool line(Line kind);
  bool metadata(Line kind);
  bool begin_family(std::string_view name);
  bool end_family();
  bool sample();
  bool bound(ExpositionSample& read);
  bool group(const ExpositionSample& read, bool& repeated);
  bool begin_point(std::uint64_t group);
  bool end_point();
  bool exemplar(const ExpositionSample& read);

  ExpositionLexer lexer_;
  Exposition& into_;
  const ExpositionOptions& options_;
  Error failed_;

  bool in_family_ = false, has_type_ = false, has_unit_ = false, has_help_ = false;
  const char* family_begin_ = nullptr;
  std::span<const RoleSuffix> suffixes_;
  std::unordered_set<std::string_view> taken_;  // names of samples that families have or could have

  OpenMetricsPoint point_;
  const char* point_begin_ = nullptr;
  std::uint32_t point_first_ = 0;  // sample
  bool in_point_ = false, point_timed_ = false;
  double point_time_ = 0;
  std::int64_t point_created_ms_ = 0;
  std::uint64_t group_ = 0;
  SeenHashes groups_, series_;  // of the family; series of the group
};

Result<void> OpenMetricsReader::read() {
  while (true) {
    const Line kind = lexer_.next();
    if (kind == Line::Fault) return lexer_.error();
    if (kind == Line::End) return lexer_.fault(lexer_.position(), "expected \"# EOF\" at the end");
    if (kind == Line::Eof) break;
    if (!line(kind)) return failed_;
    if (into_.samples.size() > options_.max_samples) return Error{Fault::TooLarge, "the body has too many samples"};
  }
  if (!lexer_.at_end()) return lexer_.fault(lexer_.position(), "there is something after \"# EOF\"");
  if (!end_family()) return failed_;
  return {};
}

bool OpenMetricsReader::line(Line kind) { return kind == Line::Sample ? sample() : metadata(kind); }

bool OpenMetricsReader::begin_family(std::string_view name) {
  if (!end_family()) return false;
  into_.families.push_back({.name = name});
  in_family_ = true;
  has_type_ = has_unit_ = has_help_ = false;
  family_begin_ = lexer_.line_begin;
  suffixes_ = open_metrics_suffixes(ExpositionType::Unknown);
  groups_.clear();
  return true;
}

bool OpenMetricsReader::end_family() {
  if (!in_family_) return true;
  if (!end_point()) return false;
  in_family_ = false;
  if (options_.syntax_only) return true;
  const ExpositionFamily& done = family();
  const auto take = [&](std::string_view suffix) {
    const std::string_view name = suffix.empty() ? done.name : into_.texts.join(done.name, suffix);
    return taken_.insert(name).second ||
           fail(family_begin_, "the name \"" + std::string(name) + "\" belongs to a metric family further up");
  };
  if (!take("")) return false;
  for (const RoleSuffix& one : suffixes_)
    if (!one.suffix.empty() && !take(one.suffix)) return false;
  if (done.unit.empty()) return true;
  if (done.name.size() <= done.unit.size() || !done.name.ends_with(done.unit) ||
      done.name[done.name.size() - done.unit.size() - 1] != '_')
    return fail(family_begin_, "the metric family's name does not end with \"_\" and its unit");
  if (done.type == ExpositionType::Info || done.type == ExpositionType::StateSet)
    return fail(family_begin_, "an info or stateset has no unit");
  return true;
}

bool OpenMetricsReader::metadata(Line kind) {
  const bool same = in_family_ && lexer_.name == family().name;
  if (same && in_point_ && !options_.syntax_only)
    return fail(lexer_.line_begin, "metadata must come before the family's samples");
  if ((!same || in_point_) && !begin_family(lexer_.name)) return false;
  bool& given = kind == Line::Type ? has_type_ : kind == Line::Unit ? has_unit_ : has_help_;
  if (given && !options_.syntax_only) return fail(lexer_.line_begin, "this was given for the metric family before");
  given = true;
  if (kind == Line::Help) {
    family().help = lexer_.text;
  } else if (kind == Line::Unit) {
    family().unit = lexer_.text;
  } else {
    const auto type = open_metrics_type(lexer_.text);
    if (!type) return fail(lexer_.value_begin, "not a metric type: \"" + std::string(lexer_.text.substr(0, 40)) + '"');
    family().type = *type;
    suffixes_ = open_metrics_suffixes(*type);
  }
  return true;
}

// Finds le, quantile or the state's label.
bool OpenMetricsReader::bound(ExpositionSample& read) {
  const ExpositionType type = family().type;
  if (type == ExpositionType::StateSet) {
    if (options_.syntax_only || find_label(into_, read, family().name) != nullptr) return true;
    return fail(lexer_.line_begin, "a state needs a label named as its metric family");
  }
  const std::string_view name = bound_label(read.role);
  if (name.empty()) return true;
  ExpositionLabel* const label = find_label(into_, read, name);
  const auto value = label == nullptr ? std::nullopt : exposition_number(label->text);
  if (!value || std::isnan(*value)) {
    if (options_.syntax_only) return true;
    return fail(lexer_.line_begin, "this sample needs a label \"" + std::string(name) + "\" with a number");
  }
  read.bound = *value;
  if (!options_.syntax_only) {
    if (std::isinf(*value) && *value > 0 && label->text != "+Inf")
      return fail(lexer_.line_begin, "infinity is written \"+Inf\" here");
    if (read.role == SampleRole::Quantile && !(*value >= 0 && *value <= 1))
      return fail(lexer_.line_begin, "a quantile is from 0 to 1");
  }
  label->text = canonical_bound(label->text, *value, into_.texts);
  return true;
}

bool OpenMetricsReader::sample() {
  ExpositionSample& read = lexer_.sample;
  auto role = in_family_ ? role_of(read.name, family().name, suffixes_) : std::nullopt;
  if (!role) {
    if (!begin_family(read.name)) return false;
    role = SampleRole::Value;
  }
  read.role = *role;
  read.family = static_cast<std::uint32_t>(into_.families.size() - 1);
  bool repeated = false;
  if (!bound(read) || !group(read, repeated)) return false;
  if (repeated) return true;
  if (!options_.syntax_only)
    if (const std::string wrong = point_.add(family().type, read); !wrong.empty()) return fail(lexer_.value_begin, wrong);
  if (read.role == SampleRole::Created) point_created_ms_ = milliseconds_of(read.value);
  read.starts_metric = into_.samples.size() == point_first_;
  if (lexer_.has_exemplar && !exemplar(read)) return false;
  into_.samples.push_back(read);
  return true;
}

bool OpenMetricsReader::exemplar(const ExpositionSample& read) {
  ExpositionExemplar& found = lexer_.exemplar;
  found.sample = static_cast<std::uint32_t>(into_.samples.size());
  if (!options_.syntax_only) {
    if (read.role != SampleRole::Bucket && read.role != SampleRole::Total)
      return fail(lexer_.line_begin, "only counters and buckets have exemplars");
    std::size_t size = 0;
    for (const ExpositionLabel& label : into_.labels_of(found)) size += characters(label.name) + characters(label.text);
    if (size > kExemplarCharacters) return fail(lexer_.line_begin, "the labels of an exemplar are over 128 characters long");
  }
  into_.exemplars.push_back(found);
  return true;
}

// Which metric and point the sample belongs to. What repeats a series at one given time (times that were too fine to be
// told apart) is passed over.
bool OpenMetricsReader::group(const ExpositionSample& read, bool& repeated) {
  const ExpositionType type = family().type;
  const std::string_view apart = type == ExpositionType::StateSet ? family().name : bound_label(read.role);
  std::uint64_t metric = 1, series = std::hash<std::string_view>()(read.name);
  for (const ExpositionLabel& label : into_.labels_of(read)) {
    const std::uint64_t hash = hash_label(label);
    series += hash;
    // The metrics of an info cannot be told apart: its labels are its value.
    if (label.name != apart && type != ExpositionType::Info) metric += hash;
  }
  const bool same_group = in_point_ && metric == group_;
  const bool same_point = same_group && lexer_.has_time == point_timed_ && (!point_timed_ || lexer_.time == point_time_);
  if (!options_.syntax_only) {
    if (!same_group && !groups_.insert(metric)) return fail(lexer_.line_begin, "the samples of a metric must lie together");
    if (same_group && lexer_.has_time != point_timed_)
      return fail(lexer_.line_begin, "some points of a metric have a timestamp, others have none");
    if (same_group && point_timed_ && lexer_.time < point_time_ && type != ExpositionType::Info)
      return fail(lexer_.line_begin, "the points of a metric go back in time");
  }
  if (!same_point && (!end_point() || !begin_point(metric))) return false;
  if (!options_.syntax_only && !series_.insert(series)) {
    if (!lexer_.has_time) return fail(lexer_.line_begin, "this series is there twice");
    repeated = true;
  }
  return true;
}

bool OpenMetricsReader::begin_point(std::uint64_t metric) {
  in_point_ = true;
  group_ = metric;
  point_timed_ = lexer_.has_time;
  point_time_ = lexer_.time;
  point_begin_ = lexer_.line_begin;
  point_first_ = static_cast<std::uint32_t>(into_.samples.size());
  point_created_ms_ = 0;
  point_.begin();
  series_.clear();
  return true;
}

bool OpenMetricsReader::end_point() {
  if (!in_point_) return true;
  in_point_ = false;
  if (!options_.syntax_only)
    if (const std::string wrong = point_.finish(family().type); !wrong.empty()) return fail(point_begin_, wrong);
  if (point_created_ms_ != 0)
    for (std::size_t i = point_first_; i < into_.samples.size(); ++i) into_.samples[i].created_ms = point_created_ms_;
  return true;
}

}  // namespace

Result<void> parse_open_metrics(std::string_view body, Exposition& into, const ExpositionOptions& options) {
  return OpenMetricsReader(body, into, options).read();
}

}  // namespace tocsin::wire
