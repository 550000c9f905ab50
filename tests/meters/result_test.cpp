// SPDX-License-Identifier: Apache-2.0
#include "meters/base/result.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace tocsin {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Fault::Input, std::to_string(number) + " is odd"};
  return number / 2;
}

Result<void> require_even(int number) {
  auto result = half(number);
  if (!result) return std::move(result).error();
  return {};
}

TEST(Result, HoldsAValue) {
  auto result = half(8);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 4);
  EXPECT_EQ(half(8).value_or(-1), 4);
}

TEST(Result, HoldsAnErrorWithItsCause) {
  auto result = half(7);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, Fault::Input);
  EXPECT_EQ(result.error().message, "7 is odd");
  EXPECT_EQ(half(7).value_or(-1), -1);
}

TEST(Result, AValueThatIsNotThereIsToldByItsError) {
  const auto failed = half(7);
  try {
    (void)failed.value();
    FAIL() << "7 has no half";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "7 is odd");
  }
  EXPECT_THROW((void)half(9).value(), std::runtime_error);
}

TEST(Result, OfVoidPassesAnErrorOn) {
  EXPECT_TRUE(require_even(2).ok());
  auto failed = require_even(3);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "3 is odd");
}

TEST(Result, MovesAValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

}  // namespace
}  // namespace tocsin
