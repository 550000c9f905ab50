// SPDX-License-Identifier: Apache-2.0
#include "traces/ids.h"

#include <bit>
#include <cstring>
#include <random>

#include "traces/src/fork_count.h"

namespace tocsin::traces {

namespace {

class Generator {
 public:
  std::uint64_t operator()() {
    if (forks_ != fork_count()) [[unlikely]] seed();
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  void seed() {
    forks_ = fork_count();
    std::random_device kernel;
    for (std::uint64_t& word : state_) word = std::uint64_t{kernel()} << 32 | kernel();
    if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;  // the one state it never leaves
  }

  std::uint64_t state_[4]{};
  std::uint64_t forks_ = 0;  // fork_count() begins at 1: the first use seeds
};

template <class Id>
Id new_id() {
  thread_local Generator generator;
  Id id{};
  do {
    for (std::size_t at = 0; at < id.size(); at += 8) {
      const std::uint64_t word = generator();
      std::memcpy(id.data() + at, &word, sizeof word);
    }
  } while (is_zero(id));
  return id;
}

}  // namespace

TraceId new_trace_id() { return new_id<TraceId>(); }
SpanId new_span_id() { return new_id<SpanId>(); }

}  // namespace tocsin::traces
