// SPDX-License-Identifier: Apache-2.0
#include "traces/context.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <thread>

namespace tocsin::traces {
namespace {

constexpr std::string_view kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// The cases of the W3C's own test suite (trace-context/test), and of the systems that came before.
TEST(Traceparent, W3cVectors) {
  const std::string ids = "12345678901234567890123456789012-1234567890123456";
  const std::vector<std::pair<std::string, bool>> cases = {
      {std::string(kGood), true},
      {"00-" + ids + "-00", true},
      {"00-" + ids + "-01", true},
      {"00-" + ids + "-01-what-the-future-will-be-like", false},  // version 00 has nothing after the flags
      {"00-" + ids + "-01.", false},
      {"00-" + ids + "-01-", false},
      {"cc-" + ids + "-01", true},
      {"cc-" + ids + "-01-what-the-future-will-be-like", true},
      {"cc-" + ids + "-01.what-the-future-will-not-be-like", false},
      {"cc-" + ids + "-01-", true},
      {"01-" + ids + "-00-extra", true},
      {"ff-" + ids + "-01", false},
      {".0-" + ids + "-01", false},
      {"0.-" + ids + "-01", false},
      {"0-" + ids + "-01", false},
      {"000-" + ids + "-01", false},
      {"0G-" + ids + "-01", false},
      {"CC-" + ids + "-01", false},
      {"00-00000000000000000000000000000000-1234567890123456-01", false},
      {"00-12345678901234567890123456789012-0000000000000000-01", false},
      {"00-.2345678901234567890123456789012-1234567890123456-01", false},
      {"00-1234567890123456789012345678901.-1234567890123456-01", false},
      {"00-1234567890123456789012345678901-1234567890123456-01", false},
      {"00-123456789012345678901234567890123-1234567890123456-01", false},
      {"00-12345678901234567890123456789012-123456789012345-01", false},
      {"00-12345678901234567890123456789012-12345678901234567-01", false},
      {"00-12345678901234567890123456789012-.234567890123456-01", false},
      {"00-" + ids + "-.0", false},
      {"00-" + ids + "-0.", false},
      {"00-" + ids + "-1", false},
      {"00-" + ids + "-001", false},
      {"00-" + ids + "-0A", false},
      {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-01", false},
      {"test-trace-id", false},
      {"", false},
      {"-", false},
      {" " + std::string(kGood) + "\t", true},
      {"\xC3\xA9" + std::string(kGood), false},
  };
  for (const auto& [header, good] : cases) EXPECT_EQ(parse_traceparent(header).has_value(), good) << header;
}

TEST(Traceparent, RoundTripKeepsIdsAndFlags) {
  const auto context = parse_traceparent(kGood);
  ASSERT_TRUE(context);
  EXPECT_EQ(to_hex(context->trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(to_hex(context->span_id), "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(format_traceparent(*context), kGood);
  const auto unsampled = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  EXPECT_FALSE(unsampled->sampled());
  EXPECT_TRUE(format_traceparent(*unsampled).ends_with("-00"));
  const auto unknown_flags = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff");
  EXPECT_TRUE(format_traceparent(*unknown_flags).ends_with("-03"));
}

std::optional<TraceState> state_of(std::string_view header) { return TraceState::parse(std::array{header}); }

TEST(TraceState, Grammar) {
  const std::string long_key(256, 'a'), too_long_key(257, 'a'), tenant(241, 't'), value(256, 'v');
  for (const std::string& good : {std::string("foo=1"), std::string("foo=1,bar=2"), std::string("foo=1 \t , \t bar=2, \t baz=3"),
                                  std::string("foo=1,"), std::string(",foo=1"), std::string(""), std::string("foo-_*/bar=bar4"),
                                  std::string("0tenant@sys=1"), long_key + "=1", tenant + "@" + std::string(14, 's') + "=1",
                                  "foo=" + value, std::string("foo= b c~!#$%&'()*+-./:;<>?@[\\]^_`{|}")})
    EXPECT_TRUE(state_of(good)) << good;
  for (const std::string& bad : {std::string("foo =1"), std::string("FOO=1"), std::string("foo.bar=1"), std::string("foo@=1"),
                                 std::string("@foo=1"), std::string("foo@@bar=1"), std::string("foo@bar@baz=1"),
                                 std::string("foo"), std::string("foo="), std::string("=1"), std::string("foo=bar=baz"),
                                 std::string("foo=1,foo=2"), std::string("foo=\x01"), std::string("1foo=1"), too_long_key + "=1",
                                 tenant + "t@v=1", "t@" + std::string(15, 's') + "=1", "foo=" + value + "v"})
    EXPECT_FALSE(state_of(bad)) << bad;
}

TEST(TraceState, AtMost32AndSeveralHeaders) {
  std::string list;
  for (int i = 0; i < 32; ++i) list += (i ? ",k" : "k") + std::to_string(i) + "=1";
  EXPECT_TRUE(state_of(list));
  EXPECT_FALSE(state_of(list + ",more=1"));
  const std::array<std::string_view, 2> headers = {"foo=1", "bar=2,baz=3"};
  EXPECT_EQ(TraceState::parse(headers)->text(), "foo=1,bar=2,baz=3");
}

TEST(TraceState, WhatWasChangedComesFirst) {
  auto state = *state_of("foo=1,bar=2");
  EXPECT_TRUE(state.set("bar", "3"));
  EXPECT_EQ(state.text(), "bar=3,foo=1");
  EXPECT_FALSE(state.set("Bad", "3"));
  EXPECT_FALSE(state.set("bad", "a,b"));
  EXPECT_EQ(state.value("foo"), "1");
  state.erase("bar");
  EXPECT_EQ(state.text(), "foo=1");
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(state.set("k" + std::to_string(i), "v"));
  EXPECT_EQ(state.value("foo"), "");
  EXPECT_TRUE(state.text().starts_with("k39=v,"));
}

TEST(Extract, TracestateIsDroppedAloneTraceparentWithAll) {
  const std::array<std::string_view, 1> good = {kGood}, bad = {"00-bad"}, state = {"foo=1"}, bad_state = {"foo"};
  const std::array<std::string_view, 2> twice = {kGood, kGood};
  EXPECT_EQ(extract(good, state)->state.text(), "foo=1");
  EXPECT_TRUE(extract(good, bad_state)->state.empty());
  EXPECT_FALSE(extract(bad, state));
  EXPECT_FALSE(extract(twice, state));
  EXPECT_FALSE(extract({}, state));
}

TEST(Context, ChildrenKeepTraceFlagsAndState) {
  SpanContext parent = new_root(false);
  EXPECT_TRUE(parent.valid());
  EXPECT_FALSE(parent.sampled());
  parent.state.set("a", "b");
  const SpanContext child = child_of(parent);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_EQ(child.flags, parent.flags);
  EXPECT_EQ(child.state, parent.state);
}

TEST(Ids, DifferAcrossThreads) {
  std::array<std::vector<SpanId>, 8> made;
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made)
      threads.emplace_back([&ids] {
        for (int i = 0; i < 20'000; ++i) ids.push_back(new_span_id());
      });
  }
  std::set<SpanId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 160'000U);
}

TEST(Ids, AChildDoesNotRepeatItsParent) {
  (void)new_trace_id();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const TraceId id = new_trace_id();
    _exit(write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) ? 0 : 1);
  }
  const TraceId mine = new_trace_id();
  TraceId theirs{};
  ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  int status = 0;
  waitpid(child, &status, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_NE(mine, theirs);
}

}  // namespace
}  // namespace tocsin::traces
