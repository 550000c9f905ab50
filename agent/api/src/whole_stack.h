// SPDX-License-Identifier: Apache-2.0
// on_whole_stack: runs what walks a syntax tree on a thread of its own. A worker of the HTTP library has a stack of 100 KB,
// less than an expression at the parser's limit of nesting needs.
// Threads: returns when it has run. Costs about 20 us.
#pragma once

#include <optional>
#include <thread>
#include <utility>

namespace tocsin::agent {

template <class F>
auto on_whole_stack(F f) {
  std::optional<decltype(f())> result;
  std::jthread([&] { result.emplace(f()); }).join();
  return std::move(*result);
}

}  // namespace tocsin::agent
