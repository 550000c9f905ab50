// SPDX-License-Identifier: Apache-2.0
// A checkpoint read back, checked, and put into an empty store only when all of it is good.
//
// Threads: pure but for the store, which is the window's.
#pragma once

#include <string_view>
#include <vector>

#include "rules/src/window_store.h"
#include "rules/window_checkpoint.h"

namespace tocsin::rules {

struct RestoredState {
  std::unique_ptr<SeriesSet> series;
  WindowCheckpoint::Senders senders;
  WindowCheckpoint::Departed departed;
  std::int64_t newest_ms = kNever;
};

// Errors: Input, with what is wrong.
Result<RestoredState> read_checkpoint(std::string_view bytes);

// In window_checkpoint.cpp, where the format's name is.
bool is_window_checkpoint(std::string_view header);

}  // namespace tocsin::rules
