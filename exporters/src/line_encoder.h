// SPDX-License-Identifier: Apache-2.0
// Samples as lines of text, for text 0.0.4 and OpenMetrics alike; what the two write differently is a LineDialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/exposition.h"
#include "exporters/src/block_writer.h"
#include "exporters/src/exposition_plan.h"

namespace tocsin::exporters {

struct LineDialect {
  bool open_metrics = false;
  bool created_lines = false;
};

// As it stands after "# TYPE ": quoted where it is no legacy name.
void append_metric_name(std::string& out, std::string_view name);

// For le and quantile: as Go's %g, in OpenMetrics with ".0" where there would be neither point nor exponent.
void append_bound(std::string& out, double value, bool open_metrics);

class LineEncoder {
 public:
  LineEncoder(LineDialect dialect, BlockWriter& writer, ExpositionReport& report)
      : dialect_(dialect), writer_(writer), report_(report) {}

  // Starts a family: `name` is its name without a counter's or info's suffix where the dialect has one. The header goes
  // out before the first row that is shown.
  void begin(SampleType type, std::string_view name, std::string header);
  // All rows of one member that are not hidden.
  void encode(const ExposedMember& member, const std::vector<bool>& hidden);

 private:
  // All of a line before its labels. Legacy names get their brace when a label follows, quoted ones have it.
  struct Head {
    std::string text;
    bool opened = false;
  };
  Head head(std::string_view suffix) const;

  void encode_scalars(const meters::Scalars& points, const ExposedMember& member, const std::vector<bool>& hidden);
  template <class WriteRow>
  void for_each_row(const ExposedMember& member, const std::vector<bool>& hidden, const WriteRow& write_row);
  void write_histogram(const meters::Histograms& points, const meters::Family& family, meters::Row row,
                       std::string_view labels);
  void write_summary(const meters::Summaries& points, const meters::Family& family, meters::Row row,
                     std::string_view labels);
  void render_bounds(const std::vector<double>& bounds);

  // `labels` starts with a comma or is empty. The line feed is the caller's.
  template <class Value>
  void line(const Head& head, std::string_view labels, std::string_view last_label, Value value);
  void created_line(const meters::Family& family, meters::Row row, std::string_view labels);
  void show_row();
  bool is_bad_counter(const meters::Scalars& points, meters::Row row);

  // Ends a line, with the bucket's exemplar where the format takes one and its value lies in (lower, upper]. Buckets
  // are asked for in ascending order.
  void end_line(const meters::Family& family, meters::Row row, std::uint32_t bucket, double lower, double upper);

  const LineDialect dialect_;
  BlockWriter& writer_;
  ExpositionReport& report_;

  SampleType type_ = SampleType::Gauge;  // of the family that was begun
  std::string name_, header_;
  Head sample_, bucket_, sum_, count_, created_;
  std::size_t next_exemplar_ = 0;
  const std::vector<double>* rendered_bounds_ = nullptr;
  std::vector<std::string> bounds_;  // ,le="0.5" of *rendered_bounds_, and +Inf
  std::string scratch_;
};

}  // namespace tocsin::exporters
