// SPDX-License-Identifier: Apache-2.0
#include "wire/timestamp.h"

#include <gtest/gtest.h>

namespace tocsin::wire {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Timestamp, Rfc3339BothWays) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "1970-01-01T00:00:00Z"},
      {1'700'000'000 * kSecond, "2023-11-14T22:13:20Z"},
      {1'700'000'000 * kSecond + 250'000'000, "2023-11-14T22:13:20.25Z"},
      {1'700'000'000 * kSecond + 1, "2023-11-14T22:13:20.000000001Z"},
      {-1, "1969-12-31T23:59:59.999999999Z"},
      {951'782'400 * kSecond, "2000-02-29T00:00:00Z"},
  };
  for (const auto& [ns, text] : cases) {
    EXPECT_EQ(format_rfc3339(from_unix_ns(ns)), text);
    const auto parsed = parse_timestamp(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_unix_ns(*parsed), ns) << text;
  }
}

TEST(Timestamp, OffsetsAndSeconds) {
  const auto ns = [](std::string_view text) { return to_unix_ns(*parse_timestamp(text)); };
  EXPECT_EQ(ns("2023-11-14T23:13:20+01:00"), 1'700'000'000 * kSecond);
  EXPECT_EQ(ns("2023-11-14t16:43:20.5-05:30"), 1'700'000'000 * kSecond + kSecond / 2);
  EXPECT_EQ(ns("1700000000"), 1'700'000'000 * kSecond);
  EXPECT_EQ(ns("1700000000.123456789"), 1'700'000'000 * kSecond + 123'456'789);
  EXPECT_EQ(ns("1.7e9"), 1'700'000'000 * kSecond);
  EXPECT_EQ(ns("-0.5"), -kSecond / 2);
  EXPECT_EQ(ns("-12.25"), -12 * kSecond - kSecond / 4);
}

TEST(Timestamp, WhatIsNoTime) {
  for (const char* text : {"", "-", "now", "1700000000x", "1.2.3", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
                           "2023-01-01T24:00:00Z", "2023-01-01T00:00:00", "2023-01-01", "2023-01-01T00:00:00+0100", "inf", "nan",
                           "1e300", "9999-01-01T00:00:00Z", "99999999999999999999", "--5", "2023-01-01T00:00:00.Z"}) {
    const auto result = parse_timestamp(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().fault, Fault::Input);
  }
}

TEST(Timestamp, HttpDate) {
  EXPECT_EQ(format_http_date(from_unix_ns(784'111'777 * kSecond)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace tocsin::wire
