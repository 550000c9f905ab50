// SPDX-License-Identifier: Apache-2.0
// ByteSink: where something large is written to, piece by piece; the agent implements it over a file.
//
//   if (auto written = sink.write(bytes); !written) return written.error();
//
// Threads: one writer.
#pragma once

#include <string_view>

#include "meters/base/result.h"

namespace tocsin::rules {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // All of it or an error, after which nothing more is written. Errors: Environment, Cancelled.
  virtual Result<void> write(std::string_view bytes) = 0;
};

}  // namespace tocsin::rules
