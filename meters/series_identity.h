// SPDX-License-Identifier: Apache-2.0
// SeriesIdentity: the labels that a family's series carry in Prometheus: constant ones from the Origin (job, instance,
// promoted resource attributes, scope) and the family's own columns, by their final names. The one place for these
// names: what is scraped and what the window keeps must be the same series.
//
//   SeriesIdentity identity = identity_of(*family, {}, "le");
//   if (identity.collides) merge_labels(identity, *family->labels, row, pairs);   // else columns stand as they are
//
// Threads: pure. Costs an allocation or two a column; merge_labels sorts the columns each time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::meters {

struct ConstantLabel {
  std::string name, text;
  bool yields = false;  // a promoted attribute: a label of the same name on the series wins
};

struct SeriesIdentity {
  std::vector<ConstantLabel> constants;
  std::vector<std::string> columns;  // one a column of the family's label sets
  bool collides = false;             // two of these names are equal: labels must be merged row by row
};

struct IdentityOptions {
  bool scope_labels = true;  // otel_scope_name and its kin, where the scope has a name
  std::function<std::string(std::string_view)> escape_label_name;  // for who cannot read UTF-8 names; none: as they are
};

// A column named as one of the constant labels, or as `reserved` ("le", "quantile", or empty), becomes exported_<name>.
SeriesIdentity identity_of(const Family& family, const IdentityOptions& options, std::string_view reserved);

using LabelPairs = std::vector<std::pair<std::string_view, std::string>>;

// All labels of a row, each name once: texts of columns with one name are joined with ';' in the order of their
// original names (OpenTelemetry, "Prometheus and OpenMetrics compatibility").
void merge_labels(const SeriesIdentity& identity, const LabelSets& labels, Row row, LabelPairs& into);

}  // namespace tocsin::meters
