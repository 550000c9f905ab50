// SPDX-License-Identifier: Apache-2.0
#include "agent/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

struct LogTest : testing::Test {
  ManualClock clock{Time{1'767'225'600'250ms}};  // 2026-01-01T00:00:00.25Z
  std::array<int, 2> ends{-1, -1};

  void SetUp() override { ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  void TearDown() override {
    for (const int end : ends) ::close(end);
  }
  LogOptions options(LogOptions::Format format = LogOptions::Format::Text) const {
    return {.format = format, .descriptor = ends[1]};
  }
  std::string written() const {
    std::string all;
    std::array<char, 65536> piece;
    for (ssize_t got; (got = ::read(ends[0], piece.data(), piece.size())) > 0;) all.append(piece.data(), static_cast<std::size_t>(got));
    return all;
  }
};

TEST_F(LogTest, ALineOfText) {
  Log log(options(), clock);
  log.warning("export failed", {{"destination", "a"}, {"reason", "no route to host"}});
  EXPECT_EQ(written(), "00:00:00.250 warning export failed  destination=a  reason=\"no route to host\"\n");
}

TEST_F(LogTest, ALineOfJsonWhereNobodySitsAtATerminal) {
  Log log(options(LogOptions::Format::Automatic), clock);
  log.info("listening", {{"address", "127.0.0.1:4318"}});
  EXPECT_EQ(written(), "{\"time\":\"2026-01-01T00:00:00.250Z\",\"level\":\"info\",\"event\":\"listening\","
                       "\"address\":\"127.0.0.1:4318\"}\n");
}

// What peers send stands in log lines: it must not begin a line of its own, move the cursor, or look like a field.
TEST_F(LogTest, AValueCannotForgeALine) {
  Log text(options(), clock), json(options(LogOptions::Format::Json), clock);
  for (const std::string_view hostile : {"a\nb", "a\rb", "\x1b[31mred", "a level=error", "\x7f", "\x01", "\xff\xfe", ""}) {
    text.info("e", {{"value", std::string(hostile)}});
    std::string line = written();
    ASSERT_THAT(line, EndsWith("\n"));
    line.pop_back();
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), ' ') << line;
    EXPECT_THAT(line, HasSubstr("value=\""));
    json.info("e", {{"value", std::string(hostile)}});
    line = written();
    ASSERT_THAT(line, EndsWith("\"}\n"));
    line.pop_back();
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), ' ') << line;
    clock.advance(1h);
  }
}

TEST_F(LogTest, OneEventIsHeldBackAfterItsBurstAndTold) {
  LogOptions few = options();
  few.burst = 2;
  Log log(few, clock);
  for (int i = 0; i < 5; ++i) log.error("broken", {{"part", "a"}, {"n", std::to_string(i)}});
  log.error("another");
  EXPECT_EQ(log.held_back(), 3U);
  EXPECT_EQ(written(), "00:00:00.250 error   broken  part=a  n=0\n00:00:00.250 error   broken  part=a  n=1\n00:00:00.250 error   another\n");
  clock.advance(10s);
  log.error("broken", {{"part", "a"}, {"n", "5"}});
  EXPECT_THAT(written(), EndsWith("broken  part=a  n=5  (3 more like this were held back)\n"));
  log.error("broken", {{"part", "a"}, {"n", "6"}});
  EXPECT_THAT(written(), EndsWith("broken  part=a  n=6\n"));
}

// A destination that flaps hides nothing of another's, nor one fault of a file the next.
TEST_F(LogTest, TheBurstIsOfOneThing) {
  LogOptions few = options();
  few.burst = 1;
  Log log(few, clock);
  for (int i = 0; i < 20; ++i) log.error("configuration refused", {{"fault", "line " + std::to_string(i)}});
  for (int i = 0; i < 3; ++i) log.error("export", {{"destination", "a"}, {"what", std::to_string(i)}});
  log.error("export", {{"destination", "b"}});
  EXPECT_EQ(log.held_back(), 2U);
}

TEST_F(LogTest, WhatIsBelowItsLevelIsNotSaidNorCounted) {
  Log log(options(), clock);
  log.debug("quiet");
  EXPECT_EQ(written(), "");
  log.set_level(LogLevel::Debug);
  log.debug("loud");
  EXPECT_THAT(written(), HasSubstr("debug   loud"));
  log.set_level(LogLevel::Error);
  log.warning("loud");
  EXPECT_EQ(written(), "");
  EXPECT_EQ(log.held_back(), 0U);
}

// A reader that is gone, or full, stops nobody.
TEST_F(LogTest, NobodyReads) {
  Log log(options(LogOptions::Format::Json), clock);
  const std::string long_text(10'000, 'x');
  for (int i = 0; i < 100; ++i) {
    log.info("much", {{"text", long_text}});
    clock.advance(1min);
  }
  EXPECT_GT(written().size(), 10'000U);
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  LogOptions many = options();
  many.burst = 1'000;
  Log log(many, clock);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&log, thread] {
        for (int i = 0; i < 100; ++i) log.info("line", {{"thread", std::string(20, static_cast<char>('a' + thread))}});
      });
  }
  const std::string all = written();
  std::size_t lines = 0;
  for (std::size_t at = 0, end; (end = all.find('\n', at)) != std::string::npos; at = end + 1, ++lines) {
    const std::string_view line = std::string_view(all).substr(at, end - at);
    EXPECT_EQ(line.size(), std::string_view("00:00:00.250 info    line  thread=").size() + 20) << line;
    EXPECT_EQ(line.find_first_not_of(line.back(), line.find("thread=") + 7), std::string_view::npos) << line;
  }
  EXPECT_EQ(lines, 400U);
}

}  // namespace
}  // namespace tocsin::agent
