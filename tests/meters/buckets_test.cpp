// SPDX-License-Identifier: Apache-2.0
#include "meters/buckets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "meters/request_convention.h"

namespace tocsin::meters {
namespace {

std::uint32_t by_search(std::span<const double> bounds, double value) {
  std::uint32_t bucket = 0;
  while (bucket < bounds.size() && value > bounds[bucket]) ++bucket;
  return bucket;
}

void expect_like_search(std::span<const double> bounds) {
  const Buckets buckets = Buckets::make(bounds).value();
  const double huge = std::numeric_limits<double>::max();
  const auto check = [&](double value) { ASSERT_EQ(buckets.of(value), by_search(bounds, value)) << value; };
  for (const double bound : bounds)
    for (const double value : {bound, std::nextafter(bound, -huge), std::nextafter(bound, huge), -bound}) check(value);
  for (const double value : {0.0, -0.0, -1.0, -huge, huge, std::numeric_limits<double>::denorm_min()}) check(value);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(-20, 30);
  for (int i = 0; i < 20'000; ++i) check(std::exp2(exponent(random)) * (i % 7 == 0 ? -1 : 1));
}

TEST(Buckets, a_value_finds_its_bucket) {
  expect_like_search(kDefaultBounds);
  expect_like_search(kRequestTimeBounds);
  expect_like_search({});
  expect_like_search(std::array{0.0});
  expect_like_search(std::array{-1.0});
  expect_like_search(std::array{-5.0, 0.0, 5.0});                     // searched: two that are not positive
  expect_like_search(std::array{1.0, 1.1, 1.2, 1.3});                 // searched: two in a quarter octave
  expect_like_search(std::array{1.0, 2.0, 4.0, 8.0});                 // on the edges of octaves
  expect_like_search(std::array{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0});
  expect_like_search(std::array{1e-300, 1e300});
  expect_like_search(std::array{std::numeric_limits<double>::denorm_min(), 1.0});
}

TEST(Buckets, wrong_bounds_are_told) {
  EXPECT_EQ(Buckets::make(std::array{1.0, 1.0}).error().message, "bound 2 (1) is not above the one before it");
  EXPECT_NE(Buckets::make(std::array{std::numeric_limits<double>::infinity()}).error().message.find("+Inf"), std::string::npos);
  EXPECT_FALSE(Buckets::make(std::array{std::nan("")}).ok());
  EXPECT_FALSE(Buckets::make(std::vector<double>(501, 0.0)).ok());
}

}  // namespace
}  // namespace tocsin::meters
