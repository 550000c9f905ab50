// SPDX-License-Identifier: Apache-2.0
#include "traces/request_id.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

namespace tocsin::traces {
namespace {

using namespace std::chrono_literals;

TEST(RequestIds, Layout) {
  ManualClock clock(from_unix_ns(0x18bcfe56800LL * 1'000'000));
  auto ids = RequestIds::make({.sub = "spf", .location = "hf", .ipv4 = 0xC0A80A14, .port = 7860}, clock);
  ASSERT_TRUE(ids);
  char pid[5];
  std::snprintf(pid, sizeof pid, "%04x", static_cast<unsigned>(getpid()) & 0xFFFF);
  EXPECT_EQ(ids->next(), std::string("spf") + pid + "0000@hf18bcfe568000a14782");
  EXPECT_EQ(ids->next(), std::string("spf") + pid + "0001@hf18bcfe568000a14782");
}

TEST(RequestIds, ParseRoundTrip) {
  ManualClock clock;
  for (const bool wide : {false, true}) {
    auto ids = RequestIds::make({.sub = "agent7", .location = "Paris", .ipv4 = 0xC0A80A14, .port = 18888, .wide = wide}, clock);
    const auto parts = parse_request_id(ids->next());
    ASSERT_TRUE(parts) << parts.error().message;
    const auto pid = static_cast<std::uint32_t>(getpid());
    const RequestIdParts expected = {"agent7", "Paris", wide ? pid : pid & 0xFFFF, 0, clock.now(),
                                     wide ? 0xC0A80A14 : 0x0A14, static_cast<std::uint16_t>(wide ? 18888 : 18), wide};
    EXPECT_EQ(*parts, expected);
  }
}

TEST(RequestIds, AMillionFromManyThreadsAllDiffer) {
  const SystemClock& clock = SystemClock::instance();
  auto ids = RequestIds::make({.ipv4 = 1}, clock);
  std::array<std::vector<std::size_t>, 16> made;  // hashes: a million texts take long to sort
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made)
      threads.emplace_back([&] {
        for (int i = 0; i < 1'000'000 / 16; ++i) mine.push_back(std::hash<std::string>{}(ids->next()));
      });
  }
  std::vector<std::size_t> all;
  for (const auto& mine : made) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_EQ(ids->next().find(' '), std::string::npos);
}

TEST(RequestIds, NeverEqualWhenTheClockStandsOrStepsBack) {
  ManualClock clock;
  auto ids = RequestIds::make({.ipv4 = 1}, clock);
  std::vector<std::string> all;
  for (int i = 0; i < 66'000; ++i) all.push_back(ids->next());
  clock.step_wall(-1h);
  for (int i = 0; i < 1'000; ++i) all.push_back(ids->next());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(RequestIds, BadOptionsAndBadIds) {
  ManualClock clock;
  for (const char* word : {"", "a@b", "a b", "a-b"}) {
    EXPECT_FALSE(RequestIds::make({.sub = word}, clock));
    EXPECT_FALSE(RequestIds::make({.location = word}, clock));
  }
  EXPECT_TRUE(RequestIds::make({}, clock));  // finds an address without asking the network
  for (const char* id : {"", "@", "2", "spf00d20000hf18bcfe568000a14782", "spf00d20000@hf18bcfe568000a14784",
                         "00d20000@hf18bcfe568000a14782", "spf00d20000@18bcfe568000a14782", "spf00D20000@hf18bcfe568000a14782",
                         "spf00d20000@hf18bcfe568000a14fa2", "spf00d2 000@hf18bcfe568000a14782", "spf00d20000@hffffffffffff0a14782",
                         "spf00d20000@hf@18bcfe568000a14782"}) {
    const auto parts = parse_request_id(id);
    EXPECT_FALSE(parts) << id;
    if (!parts) {
      EXPECT_EQ(parts.error().fault, Fault::Input);
    }
  }
}

}  // namespace
}  // namespace tocsin::traces
