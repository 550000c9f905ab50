// SPDX-License-Identifier: Apache-2.0
#include "exporters/open_metrics.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "exporters/src/block_writer.h"
#include "exporters/src/exposition_plan.h"
#include "exporters/src/line_encoder.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

struct Named {
  SampleType type;
  std::string_view name;  // the MetricFamily's, without _total or _info
};

Named named(const ExposedFamily& exposed) {
  std::string_view name = exposed.name;
  const auto without = [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size())
                                                                 : std::string_view{};
  };
  if (exposed.type == SampleType::Counter) {
    const std::string_view family = without("_total");
    return family.empty() ? Named{SampleType::Unknown, name} : Named{SampleType::Counter, family};
  }
  if (exposed.type == SampleType::Info) {
    const std::string_view family = without("_info");
    return family.empty() ? Named{SampleType::Gauge, name} : Named{SampleType::Info, family};
  }
  return {exposed.type, name};
}

std::array<std::string_view, 5> suffixes_of(SampleType type) noexcept {
  switch (type) {
    case SampleType::Counter:
      return {"", "_total", "_created"};
    case SampleType::Histogram:
      return {"", "_bucket", "_sum", "_count", "_created"};
    case SampleType::Summary:
      return {"", "_sum", "_count", "_created"};
    case SampleType::Info:
      return {"", "_info"};
    case SampleType::Gauge:
    case SampleType::Unknown:
      break;
  }
  return {""};
}

// Sample names in use. Two families must not have one in common, nor one the other's own name.
class SampleNames {
 public:
  bool take(const Named& family) {
    std::unordered_set<std::string> names;
    for (const std::string_view suffix : suffixes_of(family.type))
      names.insert(std::string(family.name).append(suffix));
    for (const std::string& name : names)
      if (taken_.contains(name)) return false;
    taken_.merge(names);
    return true;
  }

 private:
  std::unordered_set<std::string> taken_;
};

std::string header_of(const ExposedFamily& exposed, const Named& family) {
  std::string name;
  std::string header;
  append_metric_name(name, family.name);
  header.append("# TYPE ").append(name).append(" ").append(to_text(family.type)).append("\n");
  if (!exposed.unit.empty() && family.name.ends_with('_' + exposed.unit))
    header.append("# UNIT ").append(name).append(" ").append(exposed.unit).append("\n");
  if (!exposed.help.empty()) {
    header.append("# HELP ").append(name).append(" ");
    wire::append_quoted_text(header, exposed.help);
    header += '\n';
  }
  return header;
}

std::uint64_t rows_of(const ExposedFamily& exposed) {
  std::uint64_t rows = 0;
  for (const ExposedMember& member : exposed.members)
    rows += static_cast<std::uint64_t>(
        std::count(member.family->states.begin(), member.family->states.end(), meters::RowState::Live));
  return rows;
}

}  // namespace

ExpositionReport encode_open_metrics(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                                     const BlockSink& sink) {
  ExpositionReport report;
  BlockWriter writer(sink);
  LineEncoder encoder({.open_metrics = true, .created_lines = options.created_lines}, writer, report);
  const ExpositionPlan plan = plan_exposition(snapshot, options, report);
  SampleNames names;
  for (const ExposedFamily& exposed : plan.families) {
    if (writer.refused()) break;
    Named family = named(exposed);
    bool is_free = names.take(family);
    if (!is_free && family.type == SampleType::Counter) {
      // A gauge "x" beside a counter "x_total": the counter keeps its samples' name, though not its type.
      family = {SampleType::Unknown, exposed.name};
      is_free = names.take(family);
    }
    if (!is_free) {
      report.rows_with_name_clash += rows_of(exposed);
      note_fault(report, exposed.name, "OpenMetrics: a sample name belongs to another family");
      continue;
    }
    RowGuard guard(exposed, options, report);
    encoder.begin(family.type, family.name, header_of(exposed, family));
    for (const ExposedMember& member : exposed.members) encoder.encode(member, guard.hidden_rows(member));
  }
  writer.put("# EOF\n");
  writer.flush();
  report.bytes = writer.bytes();
  report.complete = !writer.refused();
  return report;
}

}  // namespace tocsin::exporters
