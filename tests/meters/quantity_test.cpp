// SPDX-License-Identifier: Apache-2.0
#include "meters/base/quantity.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

using namespace std::chrono_literals;

TEST(Duration, reads_what_people_write) {
  EXPECT_EQ(*parse_duration("15s"), 15s);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("500ms"), 500ms);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(Duration, refuses_what_has_no_unit_or_no_sense) {
  for (const char* wrong : {"", "15", "s", "15 s", "30m1h", "1m1m", "-5s", "1.5h", "5x", "9999999999999999y", "15s "})
    EXPECT_FALSE(parse_duration(wrong).ok()) << wrong;
  EXPECT_EQ(parse_duration("5000").error().message,
            "not a duration: \"5000\" (write it like \"15s\", \"500ms\" or \"1h30m\")");
}

TEST(Duration, prints_what_it_reads) {
  for (const char* text : {"15s", "1h30m", "1d2h3m4s5ms", "250ms", "0s"})
    EXPECT_EQ(to_text(*parse_duration(text)), text);
}

TEST(Bytes, reads_what_people_write) {
  EXPECT_EQ(*parse_bytes("64MiB"), 64U << 20);
  EXPECT_EQ(*parse_bytes("500kB"), 500'000U);
  for (const char* wrong : {"64", "MiB", "64 MiB", "64MiB1B", "-1B", "9999999999GiB"})
    EXPECT_FALSE(parse_bytes(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace tocsin
