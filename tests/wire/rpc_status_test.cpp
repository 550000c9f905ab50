// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc_status.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;

TEST(RpcStatus, EncodesAsTheProtobufLibraryDoes) {
  // google.rpc.Status(code=14, message="full", details=[Any(RetryInfo(retry_delay=2.5 s))]), by Python's protobuf.
  const std::string expected =
      std::string("\x08\x0e\x12\x04" "full\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01");
  EXPECT_EQ(encode_rpc_status({RpcCode::Unavailable, "full", milliseconds(2'500)}), expected);
}

TEST(RpcStatus, ComesBackAsItWas) {
  for (const auto& status :
       {RpcStatus{}, RpcStatus{RpcCode::Internal, "", {}}, RpcStatus{RpcCode::Unavailable, "x", milliseconds(0)},
        RpcStatus{RpcCode::ResourceExhausted, "later", milliseconds(999)}, RpcStatus{RpcCode::Ok, "", milliseconds(86'400'000)}}) {
    const auto parsed = parse_rpc_status(encode_rpc_status(status));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->code, status.code);
    EXPECT_EQ(parsed->message, status.message);
    EXPECT_EQ(parsed->retry_delay, status.retry_delay);
  }
}

TEST(RpcStatus, PassesOverOtherDetailsAndNegativeDelays) {
  const std::string other("\x08\x08\x1a\x0c\x0a\x06" "x/y.Zz\x12\x02\x0a\x00", 16);
  const auto parsed = parse_rpc_status(other);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->code, RpcCode::ResourceExhausted);
  EXPECT_FALSE(parsed->retry_delay);
  const std::string minus_one_second =
      "\x1a\x39\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0d\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  const auto negative = parse_rpc_status(minus_one_second);
  ASSERT_TRUE(negative.ok()) << negative.error().message;
  EXPECT_EQ(negative->retry_delay, milliseconds(0));
}

TEST(RpcStatus, TellsWhereProtobufIsBroken) {
  const auto parsed = parse_rpc_status("\x08");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().fault, Fault::Input);
  EXPECT_NE(parsed.error().message.find("google.rpc.Status"), std::string::npos);
}

TEST(RpcStatus, NamesCodes) {
  EXPECT_EQ(rpc_code_name(RpcCode::Ok), "OK");
  EXPECT_EQ(rpc_code_name(RpcCode::Unauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(rpc_code(14), RpcCode::Unavailable);
  EXPECT_EQ(rpc_code(17), RpcCode::Unknown);
  EXPECT_EQ(rpc_code(-1), RpcCode::Unknown);
}

}  // namespace
}  // namespace tocsin::wire
