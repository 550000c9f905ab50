// SPDX-License-Identifier: Apache-2.0
// The parts of an expression as a tree, and the sentence that says why one gives nothing.
// Threads: values.
#pragma once

#include <string>
#include <vector>

#include "rules/explain.h"

namespace tocsin::rules {

struct PartNode {
  ExplainedPart part;
  const promql::Expr* expr = nullptr;
  std::uint64_t compared = 0;         // of a comparison
  std::vector<std::size_t> children;  // places in the tree
};
using PartTree = std::vector<PartNode>;  // parents first

// Requires: the part gives nothing.
std::string why_nothing(const PartTree& tree, std::size_t node);

}  // namespace tocsin::rules
