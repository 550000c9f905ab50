// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/remote_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>

#include "tests/agent/window_reading.h"
#include "wire/protobuf.h"

namespace tocsin::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::ProtobufWriter;

struct Answer final : wire::HttpResponder {
  void send(int sent_status, const wire::HttpHeaders&, std::string_view sent) override { status = sent_status, body = sent; }
  bool begin(int, const wire::HttpHeaders&) override { return false; }
  bool write(std::string_view) override { return false; }
  void end() override {}
  int status = 0;
  std::string body;
};

void nested(ProtobufWriter& writer, std::uint32_t field, const std::function<void(ProtobufWriter&)>& fill) {
  const auto mark = writer.begin(field);
  fill(writer);
  writer.end(mark);
}

// A snappy block of one literal after the other.
std::string snappy(std::string_view plain) {
  std::string out;
  ProtobufWriter(out).raw_varint(plain.size());
  for (; !plain.empty(); plain.remove_prefix(std::min<std::size_t>(plain.size(), 60))) {
    const auto piece = plain.substr(0, 60);
    out.push_back(static_cast<char>((piece.size() - 1) << 2));
    out += piece;
  }
  return out;
}

class RemoteWriteTest : public ::testing::Test {
 protected:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  struct Sample {
    double value;
    std::int64_t time_ms;
  };

  void series(const Labels& labels, const std::vector<Sample>& samples) {
    ProtobufWriter writer(message_);
    nested(writer, 1, [&](ProtobufWriter& s) {
      for (const auto& [name, text] : labels)
        nested(s, 1, [&](ProtobufWriter& l) { l.bytes(1, name), l.bytes(2, text); });
      for (const Sample& one : samples)
        nested(s, 2, [&](ProtobufWriter& w) { w.fixed_double(1, one.value), w.varint(2, static_cast<std::uint64_t>(one.time_ms)); });
    });
  }
  void nested_message(const std::function<void(ProtobufWriter&)>& fill) {
    ProtobufWriter writer(message_);
    nested(writer, 1, fill);
  }
  Answer send(std::string body, wire::HttpHeaders headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}}) {
    wire::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/write";
    request.headers = std::move(headers);
    request.body = std::move(body);
    Answer answer;
    receiver_.serve(request, answer);
    const auto totals = receiver_.ledger().totals();
    EXPECT_EQ(totals.received, totals.accepted + totals.rejected_sum());
    return answer;
  }
  Answer send() { return send(snappy(std::exchange(message_, {}))); }
  std::int64_t now_ms() const { return to_unix_ns(clock_.now()) / 1'000'000; }

  ManualClock clock_;
  rules::Window window_{rules::WindowOptions{}};
  Intake intake_{{}, clock_};
  RemoteWriteReceiver receiver_{window_, intake_, {}, clock_};
  std::string message_;
};

TEST_F(RemoteWriteTest, SamplesAreThereAtOnce) {
  series({{"__name__", "x_total"}, {"instance", "a"}, {"job", "j"}}, {{1, now_ms() - 30'000}, {2, now_ms() - 15'000}});
  series({{"__name__", "y"}, {"job", "j"}}, {{std::bit_cast<double>(wire::kStaleNanBits), now_ms()}, });
  const Answer answer = send();
  EXPECT_EQ(answer.status, 204) << answer.body;
  EXPECT_EQ(answer.body, "");
  EXPECT_THAT(read_window(window_, "x_total", now_ms()), ElementsAre("instance=a,job=j: 1@30 2@15"));
  EXPECT_EQ(receiver_.ledger().totals().accepted, 3);
  EXPECT_EQ(intake_.stats().targets, 2);
}

TEST_F(RemoteWriteTest, PartOfARequestIsTaken) {
  series({{"__name__", "x"}, {"job", "j"}}, {{1, now_ms()}});
  EXPECT_EQ(send().status, 204);
  series({{"__name__", "x"}, {"job", "j"}}, {{5, now_ms() - 15'000}});  // out of order
  series({{"__name__", "y"}, {"job", "j"}}, {{6, now_ms()}});
  series({{"job", "nameless"}}, {{7, now_ms()}});
  series({{"__name__", "z"}}, {{8, now_ms() + 3'600'000}});
  const Answer answer = send();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("1 samples rejected: out of order"));
  EXPECT_THAT(answer.body, HasSubstr("it has no metric name"));
  EXPECT_THAT(answer.body, HasSubstr("10 minutes ahead"));
  EXPECT_THAT(answer.body, HasSubstr("1 accepted"));
  EXPECT_THAT(read_window(window_, "y", now_ms()), ElementsAre("job=j: 6@0"));
  const auto totals = receiver_.ledger().totals();
  EXPECT_EQ(totals.rejected.at("out_of_order"), 1);
  EXPECT_EQ(totals.rejected.at("bad_labels"), 1);
  EXPECT_EQ(totals.rejected.at("ahead"), 1);
}

TEST_F(RemoteWriteTest, HistogramsThatDoNotAddUpAreRejectedAlone) {
  const auto histogram = [&](const char* name, std::uint64_t count, std::int32_t schema) {
    nested_message([&](ProtobufWriter& s) {
      nested(s, 1, [&](ProtobufWriter& l) { l.bytes(1, "__name__"), l.bytes(2, name); });
      nested(s, 4, [&](ProtobufWriter& h) {
        h.varint(1, count), h.fixed_double(3, 1), h.signed_varint(4, schema), h.fixed_double(5, 0.001), h.varint(6, 1);
        nested(h, 11, [](ProtobufWriter& span) { span.signed_varint(1, 0), span.varint(2, 2); });
        h.bytes(12, std::string("\x02\x00", 2));  // two buckets of one
        h.varint(15, static_cast<std::uint64_t>(now_ms()));
      });
    });
  };
  histogram("good", 3, 0);
  histogram("fine", 3, 12);
  histogram("bad", 9, 0);
  histogram("worse", 3, -9);
  series({{"__name__", "x"}}, {{1, now_ms()}});
  const Answer answer = send();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("2 samples rejected: bad: 3 observations found in buckets, but the Count field is 9: "
                                     "histogram's observation count should equal the number of observations found in the buckets"));
  EXPECT_EQ(receiver_.ledger().totals().rejected.at("bad_histogram"), 2);
  EXPECT_EQ(receiver_.ledger().totals().accepted, 3);
  const auto view = window_.view();
  for (const char* name : {"good", "fine"}) {
    const auto rows = *view->select(std::vector{*rules::promql::Matcher::make("__name__", rules::promql::MatchType::Equal, name)},
                                    {0, now_ms()});
    rules::promql::Block block;
    ASSERT_TRUE(view->read(rows, {0, now_ms()}, block));
    ASSERT_EQ(block.histograms.size(), 1U) << name;
    EXPECT_EQ(block.histograms[0]->schema, name == std::string("good") ? 0 : 8);
  }
}

TEST_F(RemoteWriteTest, WhatIsNoRequest) {
  EXPECT_EQ(send("junk").status, 400);
  EXPECT_EQ(send(snappy("\x0a\xff")).status, 400);
  EXPECT_EQ(send("", {{"Content-Type", "application/json"}}).status, 415);
  EXPECT_EQ(send("", {{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"}}).status, 415);
  EXPECT_EQ(send("", {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "gzip"}}).status, 415);
  std::string bomb;
  ProtobufWriter(bomb).raw_varint(std::uint64_t{1} << 30);
  EXPECT_EQ(send(bomb).status, 413);
  EXPECT_EQ(receiver_.ledger().totals().failed_requests.at("unsupported"), 3);
  EXPECT_EQ(send(snappy("")).status, 204);
}

TEST_F(RemoteWriteTest, SwitchedOff) {
  receiver_.configure({.enabled = false});
  EXPECT_EQ(send(snappy("")).status, 404);
}

TEST_F(RemoteWriteTest, MetadataSaysWhatItIs) {
  series({{"__name__", "x"}, {"job", "j"}}, {{1, now_ms()}});
  EXPECT_EQ(send().status, 204);
  {
    ProtobufWriter writer(message_);
    nested(writer, 3, [](ProtobufWriter& m) { m.varint(1, 1), m.bytes(2, "x"), m.bytes(4, "Help."); });
  }
  EXPECT_EQ(send().status, 204);
  clock_.advance(std::chrono::seconds(15));
  series({{"__name__", "x"}, {"job", "j"}}, {{2, now_ms()}});
  EXPECT_EQ(send().status, 204);
  meters::SnapshotBuilder builder(clock_.now());
  intake_.collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  const auto counter = std::find_if(snapshot->families.begin(), snapshot->families.end(), [](const auto& family) {
    return family->descriptor->kind == meters::Kind::Counter && family->descriptor->help == "Help.";
  });
  EXPECT_NE(counter, snapshot->families.end());
}

TEST_F(RemoteWriteTest, TotalsAreCountersAtOnce) {
  series({{"__name__", "x_total"}, {"job", "j"}}, {{1, now_ms()}});
  EXPECT_EQ(send().status, 204);
  meters::SnapshotBuilder builder(clock_.now());
  intake_.collect(builder);
  const auto snapshot = std::move(builder).finish(1);
  ASSERT_EQ(snapshot->families.size(), 1);
  EXPECT_EQ(snapshot->families[0]->descriptor->kind, meters::Kind::Counter);
  EXPECT_EQ(snapshot->families[0]->descriptor->prometheus_name, "x_total");
}

}  // namespace
}  // namespace tocsin::agent
