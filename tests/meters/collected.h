// SPDX-License-Identifier: Apache-2.0
// What a Source collected, for tests: families by name, values by label texts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "meters/flow.h"

namespace tocsin::meters {

class Collected {
 public:
  explicit Collected(Source& source, Time now = SystemClock::instance().now()) {
    SnapshotBuilder builder(now);
    source.collect(builder);
    snapshot_ = std::move(builder).finish(1);
  }

  const Snapshot& snapshot() const { return *snapshot_; }

  bool has(std::string_view name) const { return find(name) != nullptr; }
  const Family& family(std::string_view name) const {
    const Family* found = find(name);
    if (found == nullptr) throw std::runtime_error("no family " + std::string(name));
    return *found;
  }

  // The row whose labels have these texts, in the order of the columns; labels that are not given are not set.
  std::optional<Row> row(std::string_view name, std::vector<std::string_view> texts) const {
    const Family& in = family(name);
    texts.resize(in.labels->columns());
    for (Row row = 0; row < in.rows(); ++row) {
      bool same = true;
      for (std::size_t i = 0; i < texts.size(); ++i) same = same && in.labels->text(i, in.labels->id(row, i)) == texts[i];
      if (same) return row;
    }
    return std::nullopt;
  }
  Row the_row(std::string_view name, std::vector<std::string_view> texts) const {
    const auto found = row(name, std::move(texts));
    if (!found) throw std::runtime_error("no such row in " + std::string(name));
    return *found;
  }
  double value(std::string_view name, std::vector<std::string_view> texts) const {
    return std::get<Scalars>(family(name).points).as_double(the_row(name, std::move(texts)));
  }
  RowState state(std::string_view name, std::vector<std::string_view> texts) const {
    return family(name).states[the_row(name, std::move(texts))];
  }
  double sum(std::string_view name) const {
    const auto& points = std::get<Scalars>(family(name).points);
    double total = 0;
    for (Row row = 0; row < family(name).rows(); ++row) total += points.as_double(row);
    return total;
  }

 private:
  const Family* find(std::string_view name) const {
    for (const auto& family : snapshot_->families)
      if (family->descriptor->prometheus_name == name) return family.get();
    return nullptr;
  }
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace tocsin::meters
