// SPDX-License-Identifier: Apache-2.0
#include "meters/request_convention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tocsin::meters {
namespace {

TEST(RequestConvention, status_words_are_the_closed_set) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < kStatuses; ++i) words.insert(to_text(static_cast<Status>(i)));
  EXPECT_EQ(words, (std::set<std::string_view>{"ok", "client_error", "server_error", "timeout", "cancelled", "unmarked"}));
}

TEST(RequestConvention, http_codes_by_side) {
  EXPECT_EQ(status_of_http(200, Side::Server), Status::Ok);
  EXPECT_EQ(status_of_http(304, Side::Rely), Status::Ok);
  EXPECT_EQ(status_of_http(404, Side::Server), Status::ClientError);
  EXPECT_EQ(status_of_http(408, Side::Server), Status::ClientError);
  EXPECT_EQ(status_of_http(408, Side::Rely), Status::Timeout);
  EXPECT_EQ(status_of_http(499, Side::Server), Status::Cancelled);
  EXPECT_EQ(status_of_http(503, Side::Server), Status::ServerError);
  EXPECT_EQ(status_of_http(504, Side::Server), Status::Timeout);
}

TEST(RequestConvention, grpc_codes) {
  EXPECT_EQ(status_of_grpc(0), Status::Ok);
  EXPECT_EQ(status_of_grpc(1), Status::Cancelled);
  EXPECT_EQ(status_of_grpc(4), Status::Timeout);
  for (const int code : {3, 5, 6, 7, 8, 9, 10, 11, 16}) EXPECT_EQ(status_of_grpc(code), Status::ClientError) << code;
  for (const int code : {2, 12, 13, 14, 15, 99}) EXPECT_EQ(status_of_grpc(code), Status::ServerError) << code;
}

TEST(RequestConvention, thresholds_are_bounds) {
  EXPECT_TRUE(std::is_sorted(kRequestTimeBounds.begin(), kRequestTimeBounds.end()));
  for (const double threshold : {1e3, 5e3, 1e4, 2.5e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7, 3e7, 6e7, 1.2e8, 3e8})
    EXPECT_TRUE(std::binary_search(kRequestTimeBounds.begin(), kRequestTimeBounds.end(), threshold)) << threshold;
}

}  // namespace
}  // namespace tocsin::meters
