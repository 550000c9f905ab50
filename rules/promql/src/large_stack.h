// SPDX-License-Identifier: Apache-2.0
// on_large_stack: runs what recurses over a high tree on a thread with a stack of 64 MiB, of which only what is used takes
// memory. std::jthread cannot be told a size.
// Threads: returns when it has run. Costs about 50 us.
#pragma once

#include <pthread.h>

#include "meters/base/result.h"

namespace tocsin::rules::promql {

// Errors: Exhausted, and nothing was run.
template <class F>
Result<void> on_large_stack(F& f) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const auto call = [](void* what) -> void* { return (*static_cast<F*>(what))(), nullptr; };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread{};
  const bool started = pthread_attr_setstacksize(&attributes, kBytes) == 0 && pthread_create(&thread, &attributes, call, &f) == 0;
  pthread_attr_destroy(&attributes);
  if (!started) return Error{Fault::Exhausted, "no thread is left to evaluate the query"};
  pthread_join(thread, nullptr);
  return {};
}

}  // namespace tocsin::rules::promql
