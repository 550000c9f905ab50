// SPDX-License-Identifier: Apache-2.0
#include "wire/base64.h"

#include <gtest/gtest.h>

#include "meters/base/text.h"

namespace tocsin::wire {
namespace {

TEST(Base64, ReadsWhatWasWritten) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64, KnownTexts) {
  EXPECT_EQ(base64_decode("dXNlcjpwYXNz"), "user:pass");
  EXPECT_EQ(base64_decode("Zg=="), "f");
  EXPECT_EQ(base64_decode("Zg"), "f");
  EXPECT_EQ(base64_decode("_-8="), "\xff\xef");
  EXPECT_EQ(base64_decode(""), "");
}

TEST(Base64, OtherCharactersAreNothing) {
  for (const char* text : {"*", "Zg==Zg==", "Z", "Z g", "====", "Zm9v\n", "Zg==="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin::wire
