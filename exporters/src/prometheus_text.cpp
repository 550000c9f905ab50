// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus_text.h"

#include "exporters/src/block_writer.h"
#include "exporters/src/exposition_plan.h"
#include "exporters/src/line_encoder.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

std::string header_of(const ExposedFamily& exposed) {
  std::string header;
  if (!exposed.help.empty()) {
    header += "# HELP ";
    append_metric_name(header, exposed.name);
    header += ' ';
    wire::append_help_text(header, exposed.help);
    header += '\n';
  }
  header += "# TYPE ";
  append_metric_name(header, exposed.name);
  header += ' ';
  header += exposed.type == SampleType::Info      ? "gauge"
            : exposed.type == SampleType::Unknown ? "untyped"
                                                  : to_text(exposed.type);
  header += '\n';
  return header;
}

}  // namespace

ExpositionReport encode_text(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                             const BlockSink& sink) {
  ExpositionReport report;
  BlockWriter writer(sink);
  LineEncoder encoder({}, writer, report);
  const ExpositionPlan plan = plan_exposition(snapshot, options, report);
  for (const ExposedFamily& exposed : plan.families) {
    if (writer.refused()) break;
    RowGuard guard(exposed, options, report);
    encoder.begin(exposed.type, exposed.name, header_of(exposed));
    for (const ExposedMember& member : exposed.members) encoder.encode(member, guard.hidden_rows(member));
  }
  writer.flush();
  report.bytes = writer.bytes();
  report.complete = !writer.refused();
  return report;
}

}  // namespace tocsin::exporters
