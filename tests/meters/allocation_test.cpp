// SPDX-License-Identifier: Apache-2.0
// Recording on a bound handle, or with a known label set, asks nobody for memory. This file counts what its thread asks
// operator new for, in the whole test program; not where a sanitizer has its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "meters/registry.h"
#include "meters/request_meters.h"
#include "meters/timer.h"

namespace {
thread_local std::size_t asked = 0;

void* take(std::size_t size, std::size_t alignment) {
  ++asked;
  void* taken = alignment <= alignof(std::max_align_t) ? std::malloc(size == 0 ? 1 : size)
                                                       : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (taken == nullptr) throw std::bad_alloc();
  return taken;
}
}  // namespace

void* operator new(std::size_t size) { return take(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept { std::free(pointer); }

namespace tocsin::meters {
namespace {

// What `record` asks for once it has been done.
template <class Record>
std::size_t allocations(Record record) {
  for (int i = 0; i < 100; ++i) record(i);
  const std::size_t before = asked;
  for (int i = 0; i < 10'000; ++i) record(i);
  return asked - before;
}

TEST(Allocation, TheCountIsRight) {
  EXPECT_EQ(allocations([](int) { delete new int(3); }), 10'000U);
}

TEST(Allocation, BoundHandlesAskForNothing) {
  Registry registry;
  const Counter counter = registry.counter({.name = "c_total", .labels = {"a"}})->with({"x"});
  const DoubleCounter seconds = registry.double_counter({.name = "d_total", .labels = {"a"}})->with({"x"});
  const UpDownCounter level = registry.up_down_counter({.name = "u", .labels = {"a"}})->with({"x"});
  const Gauge gauge = registry.gauge({.name = "g", .labels = {"a"}})->with({"x"});
  const Histogram classic = registry.histogram({.name = "h", .labels = {"a"}}, {.bounds = {1, 10, 100}})->with({"x"});
  const Histogram native = registry.exponential_histogram({.name = "n", .labels = {"a"}})->with({"x"});
  const Histogram both = registry.histogram({.name = "b", .unit = "s", .labels = {"a"}}, {.bounds = {1, 10}, .native = true})->with({"x"});
  EXPECT_EQ(allocations([&](int) { counter.add(); }), 0U);
  EXPECT_EQ(allocations([&](int) { seconds.add(0.5); }), 0U);
  EXPECT_EQ(allocations([&](int i) { level.add(i % 2 == 0 ? 1 : -1); }), 0U);
  EXPECT_EQ(allocations([&](int i) { gauge.set(i); }), 0U);
  EXPECT_EQ(allocations([&](int i) { classic.observe(i % 200); }), 0U);
  EXPECT_EQ(allocations([&](int i) { native.observe(i * 1e-3); }), 0U);
  EXPECT_EQ(allocations([&](int i) { both.observe(i * 1e-3); }), 0U);
  EXPECT_EQ(allocations([&](int) { const Timer timer(both); }), 0U);
}

TEST(Allocation, KnownLabelSetsAskForNothing) {
  Registry registry;
  const auto counter = registry.counter({.name = "c_total", .labels = {"a", "b", "c"}}).value();
  const auto histogram = registry.histogram({.name = "h", .labels = {"a", "b"}}, {.bounds = {1, 10}, .native = true}).value();
  const std::string_view words[] = {"x", "y", "a value of some length that no small string holds", "z"};
  EXPECT_EQ(allocations([&](int i) { counter.add({words[i % 4], words[i / 4 % 4], "w"}); }), 0U);
  EXPECT_EQ(allocations([&](int i) { histogram.observe({words[i % 4], "w"}, i); }), 0U);
}

// Beyond the cap every new label set goes to the overflow series: that, too, without a word to the allocator.
TEST(Allocation, TheOverflowAsksForNothing) {
  Registry registry({.max_series_per_family = 4});
  const auto counter = registry.counter({.name = "c_total", .labels = {"a"}}).value();
  char name[] = "0000000";
  EXPECT_EQ(allocations([&](int i) {
              for (int digit = 0; digit < 6; ++digit, i /= 10) name[digit] = static_cast<char>('0' + i % 10);
              counter.add({std::string_view(name, 6)});
            }),
            0U);
}

// Dropped values are counted by reason, no more.
TEST(Allocation, WhatIsDroppedAsksForNothing) {
  Registry registry;
  const DoubleCounter counter = registry.double_counter({.name = "d_total"})->with({});
  const Histogram histogram = registry.histogram({.name = "h"}, {.bounds = {1}})->with({});
  EXPECT_EQ(allocations([&](int) {
              counter.add(-1);
              histogram.observe(NAN);
            }),
            0U);
}

}  // namespace
}  // namespace tocsin::meters
#endif
