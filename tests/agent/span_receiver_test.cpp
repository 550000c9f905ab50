// SPDX-License-Identifier: Apache-2.0
// What the agent does with spans: measured or not, forwarded or not, and what each destination is told it gets.
#include "agent/receivers/spans.h"

#include <gmock/gmock.h>

#include "meters/base/clock.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::agent {
namespace {

namespace otlp = wire::otlp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using wire::ProtobufWriter;

constexpr std::uint64_t kNow = 1'700'000'000'000'000'000;

struct TestSpan {
  std::string trace_id = std::string(16, 't'), span_id = std::string(8, 's');
  std::uint64_t start = kNow - 1'000'000, end = kNow;
};

// With what no meter is made from: flags, links, events, a state. It is to arrive as it is.
std::string span_bytes(const TestSpan& span) {
  std::string out;
  ProtobufWriter writer(out);
  writer.bytes(otlp::Span::kTraceId, span.trace_id);
  writer.bytes(otlp::Span::kSpanId, span.span_id);
  writer.bytes(otlp::Span::kTraceState, "vendor=state");
  writer.bytes(otlp::Span::kName, "GET /x");
  writer.varint(otlp::Span::kKind, 2);
  writer.fixed64(otlp::Span::kStartTimeUnixNano, span.start);
  writer.fixed64(otlp::Span::kEndTimeUnixNano, span.end);
  const auto link = writer.begin(otlp::Span::kLinks);
  writer.bytes(otlp::SpanLink::kTraceId, std::string(16, 'l'));
  writer.end(link);
  writer.fixed32(otlp::Span::kFlags, 0x101);
  return out;
}

std::string resource_spans(std::string_view service, const std::vector<TestSpan>& spans) {
  std::string out;
  ProtobufWriter writer(out);
  const auto resource = writer.begin(otlp::ResourceItems::kResource);
  wire::append_attribute(writer, otlp::Resource::kAttributes, {"service.name", std::string(service)});
  writer.end(resource);
  const auto scope = writer.begin(otlp::ResourceItems::kScopes);
  for (const TestSpan& span : spans) writer.bytes(otlp::ScopeItems::kItems, span_bytes(span));
  writer.end(scope);
  writer.bytes(otlp::ResourceItems::kSchemaUrl, "https://opentelemetry.io/schemas/1.27.0");
  return out;
}

class SpanReceiverTest : public ::testing::Test {
 protected:
  SpanReceiverTest() {
    receiver.forward_to([this](std::string_view bytes, std::uint64_t spans) {
      if (somebody_takes && spans > 0) forwarded.emplace_back(bytes, spans);
      return somebody_takes;
    });
  }
  Ledger::Account accept(const std::vector<std::string>& resources) {
    std::string request;
    for (const std::string& resource : resources)
      ProtobufWriter(request).bytes(otlp::ExportRequest::kResources, resource);
    auto account = receiver.accept(request);
    EXPECT_TRUE(account.ok());
    return account ? *account : Ledger::Account{};
  }

  ManualClock clock{from_unix_ns(kNow)};
  traces::SpanMeters meters{clock, {}};
  SpanReceiver receiver{meters, {}};
  bool somebody_takes = true;
  std::vector<std::pair<std::string, std::uint64_t>> forwarded;
};

const TestSpan kGood;
const TestSpan kNoIds{.trace_id = "", .span_id = ""};
const TestSpan kBackwards{.start = kNow, .end = kNow - 1};
const TestSpan kFuture{.end = kNow + 3'600'000'000'000};

TEST_F(SpanReceiverTest, ForwardsEachResourceByteByByte) {
  const std::string shop = resource_spans("shop", {kGood, kGood}), bank = resource_spans("bank", {kGood});
  const Ledger::Account account = accept({shop, bank});
  EXPECT_EQ(account.items.accepted, 3U);
  EXPECT_EQ(account.words, "");
  EXPECT_THAT(forwarded, ElementsAre(Pair(shop, 2U), Pair(bank, 1U)));
}

// Whoever points an SDK here keeps what it sent; the destination's ledger counts all of it.
TEST_F(SpanReceiverTest, WhatCannotBeMeasuredIsForwardedAndAcceptedWithAWarning) {
  const std::string none = resource_spans("none", {kNoIds}), mixed = resource_spans("mixed", {kGood, kNoIds, kBackwards}),
                    good = resource_spans("good", {kGood, kFuture});
  const Ledger::Account account = accept({none, mixed, good});
  EXPECT_EQ(account.items.accepted, 6U);
  EXPECT_THAT(account.items.rejected, IsEmpty());
  EXPECT_THAT(account.words, HasSubstr("forwarded, but 2 not measured"));
  EXPECT_THAT(forwarded, ElementsAre(Pair(none, 1U), Pair(mixed, 3U), Pair(good, 2U)));
  EXPECT_EQ(meters.ledger().accepted, 2U);
  EXPECT_EQ(meters.ledger().received, 6U);
}

TEST_F(SpanReceiverTest, WhatCannotBeMeasuredIsRejectedWhereNobodyElseTakesIt) {
  somebody_takes = false;
  const Ledger::Account account = accept({resource_spans("shop", {kGood, kNoIds, kBackwards, kFuture, kFuture})});
  EXPECT_EQ(account.items.accepted, 1U);
  EXPECT_THAT(account.items.rejected,
              ElementsAre(Pair("invalid_ids", 1U), Pair("negative_duration", 1U), Pair("future", 2U)));
  EXPECT_THAT(account.words, HasSubstr("2 not measured: the span ends in the future"));
}

TEST_F(SpanReceiverTest, WithoutMetersNothingIsJudged) {
  receiver.configure({.count = false, .app_id_attribute = ""});
  const std::string shop = resource_spans("shop", {kGood, kNoIds, kFuture});
  const Ledger::Account account = accept({shop});
  EXPECT_EQ(account.items.accepted, 3U);
  EXPECT_THAT(forwarded, ElementsAre(Pair(shop, 3U)));
  EXPECT_EQ(meters.ledger().received, 0U);

  somebody_takes = false;
  const Ledger::Account lost = accept({shop});
  EXPECT_EQ(lost.items.accepted, 0U);
  EXPECT_THAT(lost.items.rejected, ElementsAre(Pair("not_wanted", 3U)));
  EXPECT_THAT(lost.words, HasSubstr("neither measured nor forwarded"));
}

// Where nobody here reads: an event, a link, an attribute that no label needs. Handed on, it would have the spans of others
// refused with it.
TEST_F(SpanReceiverTest, WhatIsHandedOnIsWellFormedAllThrough) {
  const auto request_with = [](std::uint32_t field, std::string_view bytes) {
    std::string request, span = span_bytes(kGood);
    ProtobufWriter(span).bytes(field, bytes);
    ProtobufWriter writer(request);
    const auto resource = writer.begin(otlp::ExportRequest::kResources);
    const auto scope = writer.begin(otlp::ResourceItems::kScopes);
    writer.bytes(otlp::ScopeItems::kItems, span);
    writer.end(scope);
    writer.end(resource);
    return request;
  };
  struct Case {
    std::uint32_t field;
    std::string_view bytes;
    const char* words;
  };
  for (const Case& one : {Case{otlp::Span::kEvents, "\x12\x7fshort", "a malformed message at byte"},
                          Case{otlp::Span::kLinks, "\x0a\x10only", "a malformed message at byte"},
                          Case{otlp::Span::kAttributes, "\x0a\x01k\x12\x04\x2a\x02\x0a\x09", "a malformed message at byte"},
                          Case{otlp::Span::kTraceState, "\xff\xfe", "a text that is not UTF-8 at byte"}}) {
    const std::string request = request_with(one.field, one.bytes);
    somebody_takes = true;
    const auto refused = receiver.accept(request);
    ASSERT_FALSE(refused) << one.field;
    EXPECT_THAT(refused.error().message, HasSubstr(one.words));
    EXPECT_EQ(meters.ledger().received, 0U) << "nothing of it was counted";
  }
  somebody_takes = false;
  EXPECT_TRUE(receiver.accept(request_with(otlp::Span::kEvents, "\x12\x7fshort"))) << "nobody reads it";
  EXPECT_THAT(forwarded, IsEmpty());
}

TEST_F(SpanReceiverTest, NothingIsMadeOfNothing) {
  EXPECT_EQ(accept({}).words, "");
  receiver.configure({.count = false, .app_id_attribute = ""});
  somebody_takes = false;
  const Ledger::Account account = accept({resource_spans("shop", {})});
  EXPECT_THAT(account.items.rejected, IsEmpty());
  EXPECT_EQ(account.words, "");
  EXPECT_FALSE(receiver.accept("\x0a\x05xx").ok());
  EXPECT_THAT(forwarded, IsEmpty());
}

}  // namespace
}  // namespace tocsin::agent
