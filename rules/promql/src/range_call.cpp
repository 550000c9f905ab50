// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "rules/promql/src/range_function.h"

namespace tocsin::rules::promql {
namespace {

// One row's samples, floats and histograms apart.
struct SplitRow {
  std::span<const std::int64_t> times, histogram_times;
  std::span<const double> values;
  std::span<const HistogramPtr> histograms;
};

class Splitter {
 public:
  SplitRow split(const Block& block, std::size_t from, std::size_t to) {
    const auto times = std::span(block.time_ms).subspan(from, to - from);
    const auto values = std::span(block.values).subspan(from, to - from);
    const auto histograms = block.histograms_of(from, to);
    const bool plain = std::none_of(histograms.begin(), histograms.end(), [](const auto& h) { return h != nullptr; });
    if (plain) return {times, {}, values, {}};
    times_.clear(), values_.clear(), histogram_times_.clear(), histograms_.clear();
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (histograms[i]) {
        histogram_times_.push_back(times[i]);
        histograms_.push_back(histograms[i]);
      } else {
        times_.push_back(times[i]);
        values_.push_back(values[i]);
      }
    }
    return {times_, histogram_times_, values_, histograms_};
  }

 private:
  std::vector<std::int64_t> times_, histogram_times_;
  std::vector<double> values_;
  std::vector<HistogramPtr> histograms_;
};

// The samples after `from`, up to and with `to`, of times that only ever move on.
struct Slide {
  std::size_t first = 0, past = 0;
  void move(std::span<const std::int64_t> times, std::int64_t from_ms, std::int64_t to_ms) noexcept {
    while (first < times.size() && times[first] <= from_ms) ++first;
    past = std::max(past, first);
    while (past < times.size() && times[past] <= to_ms) ++past;
  }
  std::size_t size() const noexcept { return past - first; }
};

class RangeCallOperator final : public Operator {
 public:
  RangeCallOperator(Run& run, RangeCall call)
      : Operator(run), call_(std::move(call)), site_{run, call_.first, {}, {}, {}}, memory_(run) {}

  Result<void> open(const Steps& steps) override {
    steps_ = steps;
    if (auto fits = memory_.set(call_.arguments.size() * steps.count * sizeof(double)); !fits) return fits;
    arguments_.assign(call_.arguments.size() * steps.count, 0);
    for (std::size_t a = 0; a < call_.arguments.size(); ++a) {
      const auto values = collect_scalar(*call_.arguments[a], steps);
      if (!values) return values.error();
      for (std::uint32_t s = 0; s < steps.count; ++s) arguments_[s * call_.arguments.size() + a] = (*values)[s];
    }
    window_.seconds = static_cast<double>(call_.source->range_ms()) / 1000;
    window_.edge = call_.edge;
    const bool by_columns = steps.count == 1 && call_.function->columns != nullptr && call_.edge == RangeEdge::Plain;
    columns_ = by_columns ? call_.function->columns() : nullptr;
    return call_.source->open(steps);
  }

  Result<bool> next(Grid& chunk) override {
    chunk.clear(steps_.count);
    if (columns_) {
      columns_->begin();
      if (auto read = call_.source->next_columns(samples_.series, *columns_); !read) return read.error();
      if (!samples_.series.empty()) return finish_columns(chunk), true;
    }
    const auto more = call_.source->next(samples_);
    if (!more || !*more) return more;
    chunk.series.reserve(samples_.series.size());
    chunk.values.reserve(samples_.series.size() * steps_.count);
    std::uint32_t from = 0;
    for (std::size_t i = 0; i < samples_.series.size(); ++i) {
      const std::uint32_t to = samples_.block.ends[i];
      if (to > from) call_row(samples_.series[i], splitter_.split(samples_.block, from, to), chunk);
      if (site_.error) return *std::exchange(site_.error, {});
      from = to;
    }
    return true;
  }

 private:
  // One value a series, all at once.
  void finish_columns(Grid& chunk) {
    place_window(0);
    chunk.values.resize(samples_.series.size());
    if (!columns_->finish(window_, site_, chunk.values)) return chunk.clear(1);
    LabelId first{};  // mostly the name, and neighbours' alike
    for (SeriesKey& key : samples_.series) {
      if (call_.function->counter && (key.size == 0 || !(key.data[0] == first))) {
        remark_non_counter(key);
        if (key.size > 0) first = key.data[0];
      }
      if (!call_.function->keeps_name) key = run_.drop_name(key);
    }
    std::swap(chunk.series, samples_.series);
  }

  void call_row(SeriesKey key, const SplitRow& row, Grid& chunk) {
    site_.series = key;
    Slide floats, histograms;
    RangeResult result;
    std::size_t place = SIZE_MAX;
    bool any_float = false;
    for (std::uint32_t step = 0; step < steps_.count; ++step) {
      slide_to(step, row, floats, histograms);
      const std::size_t samples = window_.times.size() + window_.histograms.size();
      if (samples == 0) continue;
      if (!still_in_time(samples)) return;
      if (!call_.function->call(window_, site_, result)) continue;
      if (place == SIZE_MAX) place = chunk.add(call_.function->keeps_name ? key : run_.drop_name(key));
      if (result.histogram) {
        chunk.set(place, step, std::move(result.histogram));
        result.histogram = nullptr;
      } else {
        chunk.row(place)[step] = result.value;
        any_float = true;
      }
    }
    if (any_float && call_.function->counter) remark_non_counter(key);
  }

  // Long windows at many steps take long for a single series.
  bool still_in_time(std::size_t samples) {
    looked_at_ += samples;
    if (looked_at_ < (std::size_t{1} << 20)) return true;
    looked_at_ = 0;
    const auto going = run_.proceed();
    if (!going) site_.error = going.error();
    return going.ok();
  }

  void place_window(std::uint32_t step) {
    const RangeSource& source = *call_.source;
    window_.step_ms = steps_.at(step);
    window_.to_ms = source.shift().from(window_.step_ms);
    window_.from_ms = window_.to_ms - source.range_ms();
    window_.arguments = std::span(arguments_).subspan(step * call_.arguments.size(), call_.arguments.size());
  }

  void slide_to(std::uint32_t step, const SplitRow& row, Slide& floats, Slide& histograms) {
    const RangeSource& source = *call_.source;
    place_window(step);
    if (steps_.count == 1) {  // what was read is the window
      window_.times = row.times;
      window_.values = row.values;
      window_.histogram_times = row.histogram_times;
      window_.histograms = row.histograms;
      return;
    }
    const std::int64_t from = window_.from_ms - source.margin().before_ms, to = window_.to_ms + source.margin().after_ms;
    floats.move(row.times, from, to);
    window_.times = row.times.subspan(floats.first, floats.size());
    window_.values = row.values.subspan(floats.first, floats.size());
    if (row.histograms.empty()) {
      window_.histograms = {};
      window_.histogram_times = {};
      return;
    }
    histograms.move(row.histogram_times, from, to);
    window_.histogram_times = row.histogram_times.subspan(histograms.first, histograms.size());
    window_.histograms = row.histograms.subspan(histograms.first, histograms.size());
  }

  void remark_non_counter(SeriesKey key) {
    const Symbol name = LabelSpace::value(key, run_.space.name());
    if (name == last_name_) return;  // neighbours are of one metric
    last_name_ = name;
    const std::string_view text = run_.space.text(name);
    static constexpr std::array<std::string_view, 4> kSuffixes = {"_total", "_sum", "_count", "_bucket"};
    const bool counter = std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](auto end) { return text.ends_with(end); });
    if (!text.empty() && !counter) run_.notes.possible_non_counter(text, site_.argument);
  }

  RangeCall call_;
  RangeSite site_;
  Steps steps_;
  MemoryUse memory_;
  std::vector<double> arguments_;  // by step, then argument
  Samples samples_;
  Splitter splitter_;
  RangeWindow window_;
  std::unique_ptr<ColumnFunction> columns_;  // null: series by series
  Symbol last_name_ = kEmptySymbol;
  std::size_t looked_at_ = 0;
};

class AbsentOverTime final : public WholeOperator {
 public:
  AbsentOverTime(Run& run, RangeSourcePtr source, SeriesKey labels)
      : WholeOperator(run), source_(std::move(source)), labels_(labels) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    std::vector<bool> present(steps.count);
    if (auto opened = source_->open(steps); !opened) return opened.error();
    Samples samples;
    for (;;) {
      const auto more = source_->next(samples);
      if (!more) return more.error();
      if (!*more) break;
      std::uint32_t from = 0;
      for (const std::uint32_t to : samples.block.ends) {
        mark(std::span(samples.block.time_ms).subspan(from, to - from), steps, present);
        from = to;
      }
    }
    if (std::find(present.begin(), present.end(), false) == present.end()) return {};
    const std::size_t row = into.add(labels_);
    for (std::uint32_t step = 0; step < steps.count; ++step)
      if (!present[step]) into.row(row)[step] = 1;
    return {};
  }

  void mark(std::span<const std::int64_t> times, const Steps& steps, std::vector<bool>& present) const {
    Slide slide;
    for (std::uint32_t step = 0; step < steps.count; ++step) {
      const std::int64_t to = source_->shift().from(steps.at(step));
      slide.move(times, to - source_->range_ms(), to);
      if (slide.size() > 0) present[step] = true;
    }
  }

  RangeSourcePtr source_;
  SeriesKey labels_;
};

}  // namespace

const RangeRow* find_range_function(std::string_view name) noexcept {
  for (const auto family : {rate_functions(), over_time_functions(), regression_functions()})
    for (const RangeRow& row : family)
      if (row.name == name) return &row;
  return nullptr;
}

OperatorPtr make_range_call(Run& run, RangeCall call) { return std::make_unique<RangeCallOperator>(run, std::move(call)); }

OperatorPtr make_absent_over_time(Run& run, RangeSourcePtr source, SeriesKey labels) {
  return std::make_unique<AbsentOverTime>(run, std::move(source), labels);
}

}  // namespace tocsin::rules::promql
