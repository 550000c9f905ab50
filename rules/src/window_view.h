// SPDX-License-Identifier: Apache-2.0
// What a WindowView holds: the strips' views, the rows of each name, the texts.
#pragma once

#include <memory>
#include <vector>

#include "rules/src/window_exemplars.h"
#include "rules/src/window_series.h"
#include "rules/window.h"

namespace tocsin::rules {

struct WindowView::State {
  std::shared_ptr<const Symbols> symbols;
  std::uint32_t symbol_count = 0;  // those that this view knows
  std::vector<std::shared_ptr<const StripView>> strips;
  std::shared_ptr<const NameRows> names;
  std::shared_ptr<const KeptExemplars> exemplars;
  std::shared_ptr<const Metadata> metadata;
};

}  // namespace tocsin::rules
