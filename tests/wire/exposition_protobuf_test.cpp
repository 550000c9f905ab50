// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <limits>
#include <string>

#include "wire/exposition_parser.h"
#include "wire/protobuf.h"

namespace tocsin::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Fill = std::function<void(ProtobufWriter&)>;

void nested(ProtobufWriter& writer, std::uint32_t field, const Fill& fill) {
  const auto mark = writer.begin(field);
  fill(writer);
  writer.end(mark);
}
void pair(ProtobufWriter& writer, std::uint32_t field, std::string_view name, std::string_view value) {
  nested(writer, field, [&](ProtobufWriter& w) { w.bytes(1, name), w.bytes(2, value); });
}
std::string family(std::string_view name, int type, const Fill& metric) {
  std::string message;
  ProtobufWriter writer(message);
  writer.bytes(1, name);
  writer.bytes(2, "help");
  writer.varint(3, static_cast<std::uint64_t>(type));
  nested(writer, 4, metric);
  std::string delimited;
  ProtobufWriter(delimited).raw_varint(message.size());
  return delimited + message;
}

// What was read is views of the body, so that stays.
Result<void> parse(std::string body, Exposition& into) {
  static std::deque<std::string> bodies;
  bodies.push_back(std::move(body));
  return parse_exposition(ExpositionFormat::Protobuf, bodies.back(), into);
}

TEST(ExpositionProtobuf, CounterWithExemplarAndStart) {
  Exposition read;
  const std::string body = family("c_total", 0, [](ProtobufWriter& w) {
    pair(w, 1, "code", "200");
    nested(w, 3, [](ProtobufWriter& counter) {
      counter.fixed_double(1, 17);
      nested(counter, 2, [](ProtobufWriter& exemplar) {
        pair(exemplar, 1, "trace_id", "ab");
        exemplar.fixed_double(2, 0.5);
        nested(exemplar, 3, [](ProtobufWriter& time) { time.varint(1, 5), time.varint(2, 250'000'000); });
      });
      nested(counter, 3, [](ProtobufWriter& time) { time.varint(1, 2); });
    });
    w.varint(6, 9'000);
  });
  ASSERT_TRUE(parse(body + body, read));
  ASSERT_EQ(read.samples.size(), 2);
  const ExpositionSample& sample = read.samples[1];
  EXPECT_EQ(sample.name, "c_total");
  EXPECT_EQ(sample.role, SampleRole::Total);
  EXPECT_EQ(sample.value, 17);
  EXPECT_EQ(sample.time_ms, 9'000);
  EXPECT_EQ(sample.created_ms, 2'000);
  ASSERT_EQ(read.labels_of(sample).size(), 1);
  EXPECT_EQ(read.labels_of(sample)[0].text, "200");
  ASSERT_EQ(read.exemplars.size(), 2);
  EXPECT_EQ(read.exemplars[1].sample, 1);
  EXPECT_EQ(read.exemplars[1].time_ms, 5'250);
  EXPECT_EQ(read.labels_of(read.exemplars[1])[0].text, "ab");
}

TEST(ExpositionProtobuf, ClassicHistogramGetsItsInfiniteBucket) {
  Exposition read;
  ASSERT_TRUE(parse(family("h", 4, [](ProtobufWriter& w) {
    pair(w, 1, "a", "b");
    nested(w, 7, [](ProtobufWriter& h) {
      h.varint(1, 3);
      h.fixed_double(2, 4.5);
      nested(h, 3, [](ProtobufWriter& bucket) { bucket.varint(1, 2), bucket.fixed_double(2, 1); });
    });
  }), read));
  ASSERT_EQ(read.samples.size(), 4);
  EXPECT_EQ(read.samples[0].name, "h_bucket");
  EXPECT_EQ(read.labels_of(read.samples[0])[1].text, "1.0");
  EXPECT_EQ(read.labels_of(read.samples[1])[1].text, "+Inf");
  EXPECT_EQ(read.samples[1].value, 3);
  EXPECT_EQ(read.samples[2].name, "h_count");
  EXPECT_EQ(read.samples[3].value, 4.5);
  EXPECT_TRUE(read.samples[0].starts_metric);
}

// schema 0, zero bucket 1, positive 2 3 _ 1.
void native(ProtobufWriter& h) {
  h.varint(1, 7);
  h.fixed_double(2, 10);
  h.signed_varint(5, 0);
  h.fixed_double(6, 0.001);
  h.varint(7, 1);
  nested(h, 12, [](ProtobufWriter& span) { span.signed_varint(1, -1), span.varint(2, 2); });
  nested(h, 12, [](ProtobufWriter& span) { span.signed_varint(1, 1), span.varint(2, 1); });
  std::string deltas;
  for (const std::int64_t delta : {2, 1, -2}) ProtobufWriter(deltas).raw_varint(zigzag_encode(delta));
  h.bytes(13, deltas);
}

TEST(ExpositionProtobuf, NativeHistogram) {
  Exposition read;
  ASSERT_TRUE(parse(family("h", 4, [](ProtobufWriter& w) { nested(w, 7, native); }), read));
  ASSERT_EQ(read.samples.size(), 1);
  EXPECT_EQ(read.samples[0].role, SampleRole::Native);
  EXPECT_EQ(read.samples[0].name, "h");
  const SparseHistogram& h = read.histograms.all[read.samples[0].histogram];
  EXPECT_EQ(h.count, 7);
  EXPECT_EQ(h.zero_count, 1);
  EXPECT_THAT(read.histograms.numbers_of(h.positive), ElementsAre(2, 3, 1));
  const auto spans = read.histograms.spans_of(h.positive_spans);
  ASSERT_EQ(spans.size(), 2);
  EXPECT_EQ(spans[0].offset, -1);
  EXPECT_EQ(spans[1].length, 1);
}

TEST(ExpositionProtobuf, BothKindsOfBuckets) {
  Exposition read;
  ASSERT_TRUE(parse(family("h", 4, [](ProtobufWriter& w) {
    nested(w, 7, [](ProtobufWriter& h) {
      native(h);
      nested(h, 3, [](ProtobufWriter& b) { b.varint(1, 7), b.fixed_double(2, std::numeric_limits<double>::infinity()); });
    });
  }), read));
  ASSERT_EQ(read.samples.size(), 4);
  EXPECT_EQ(read.samples[0].role, SampleRole::Native);
  EXPECT_EQ(read.samples[1].role, SampleRole::Bucket);
}

TEST(ExpositionProtobuf, Faults) {
  Exposition read;
  const auto message = [&](const std::string& body) {
    const auto result = parse(body, read);
    return result ? std::string() : result.error().message;
  };
  const std::string good = family("g", 1, [](ProtobufWriter& w) {
    pair(w, 1, "a", "b");
    nested(w, 2, [](ProtobufWriter& gauge) { gauge.fixed_double(1, 1); });
  });
  EXPECT_EQ(message(good), "");
  for (std::size_t size = 1; size < good.size(); ++size) EXPECT_NE(message(good.substr(0, size)), "") << size;
  EXPECT_THAT(message(family("", 1, [](ProtobufWriter&) {})), HasSubstr("name is empty"));
  EXPECT_THAT(message(family("x", 9, [](ProtobufWriter&) {})), HasSubstr("type is not known"));
  EXPECT_THAT(message(family("x", 1, [](ProtobufWriter& w) { pair(w, 1, "a", "b"), pair(w, 1, "a", "c"); })),
              HasSubstr("given twice"));
  // A span that promises four thousand million buckets costs nothing; whether they are there is for the reader to judge.
  EXPECT_EQ(message(family("x", 4, [](ProtobufWriter& w) {
    nested(w, 7, [](ProtobufWriter& h) {
      nested(h, 12, [](ProtobufWriter& span) { span.varint(2, 0xFFFFFFFFU); });
    });
  })), "");
}

// A value of another type than the family's does not count, wherever it lies.
TEST(ExpositionProtobuf, ForeignValueIsPassedOver) {
  Exposition read;
  ASSERT_TRUE(parse(family("g", 1, [](ProtobufWriter& w) {
    nested(w, 3, [](ProtobufWriter& counter) { counter.fixed_double(1, 5); });
    nested(w, 2, [](ProtobufWriter& gauge) { gauge.fixed_double(1, 6); });
  }), read));
  ASSERT_EQ(read.samples.size(), 1);
  EXPECT_EQ(read.samples[0].value, 6);
}

}  // namespace
}  // namespace tocsin::wire
