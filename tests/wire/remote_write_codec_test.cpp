// SPDX-License-Identifier: Apache-2.0
#include "wire/remote_write_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <string>

#include "wire/protobuf.h"
#include "wire/snappy.h"

namespace tocsin::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

using Fill = std::function<void(ProtobufWriter&)>;

void nested(ProtobufWriter& writer, std::uint32_t field, const Fill& fill) {
  const auto mark = writer.begin(field);
  fill(writer);
  writer.end(mark);
}
void label(ProtobufWriter& writer, std::string_view name, std::string_view text) {
  nested(writer, 1, [&](ProtobufWriter& w) { w.bytes(1, name), w.bytes(2, text); });
}
void sample(ProtobufWriter& writer, double value, std::int64_t time_ms) {
  nested(writer, 2, [&](ProtobufWriter& w) { w.fixed_double(1, value), w.varint(2, static_cast<std::uint64_t>(time_ms)); });
}
std::string message(const Fill& fill) {
  std::string out;
  ProtobufWriter writer(out);
  fill(writer);
  return out;
}
std::string one_series(const Fill& fill) {
  return message([&](ProtobufWriter& w) { nested(w, 1, fill); });
}

TEST(RemoteWriteCodec, SeriesWithAllItCanHave) {
  const std::string body = message([](ProtobufWriter& w) {
    nested(w, 1, [](ProtobufWriter& s) {
      label(s, "__name__", "x_total");
      // Exemplars may lie before the last label.
      nested(s, 3, [](ProtobufWriter& e) { label(e, "trace_id", "ab"), e.fixed_double(2, 0.5), e.varint(3, 70); });
      label(s, "job", "shop");
      sample(s, 1.5, -7);
      sample(s, std::bit_cast<double>(kStaleNanBits), 8);
    });
    nested(w, 1, [](ProtobufWriter& s) {
      label(s, "__name__", "h");
      nested(s, 4, [](ProtobufWriter& h) {
        h.varint(1, 3);
        h.fixed_double(3, 9);
        h.signed_varint(4, -53);
        nested(h, 11, [](ProtobufWriter& span) { span.varint(2, 2); });
        std::string deltas;
        for (const std::int64_t delta : {1, 1}) ProtobufWriter(deltas).raw_varint(zigzag_encode(delta));
        h.bytes(12, deltas);
        h.varint(15, 99);
        std::string bounds;
        ProtobufWriter(bounds).raw(2.5);
        h.bytes(16, bounds);
      });
    });
    nested(w, 3, [](ProtobufWriter& m) { m.varint(1, 1), m.bytes(2, "x_total"), m.bytes(4, "help"), m.bytes(5, "s"); });
  });
  WriteRequest read;
  ASSERT_TRUE(decode_write_request(body, read));
  ASSERT_EQ(read.series.size(), 2);
  const WriteSeries& counter = read.series[0];
  EXPECT_EQ(counter.fault, "");
  EXPECT_EQ(counter.name, "x_total");
  ASSERT_EQ(read.labels_of(counter).size(), 2);
  EXPECT_EQ(read.labels_of(counter)[1].text, "shop");
  ASSERT_EQ(read.samples_of(counter).size(), 2);
  EXPECT_EQ(read.samples_of(counter)[0].time_ms, -7);
  EXPECT_TRUE(is_stale(read.samples_of(counter)[1].value));
  EXPECT_FALSE(is_stale(read.samples_of(counter)[0].value));
  ASSERT_EQ(read.exemplars_of(counter).size(), 1);
  EXPECT_EQ(read.labels_of(read.exemplars_of(counter)[0].labels)[0].text, "ab");
  EXPECT_EQ(read.exemplars_of(counter)[0].time_ms, 70);
  ASSERT_EQ(read.histograms_of(read.series[1]).size(), 1);
  const SparseHistogram& histogram = read.histograms_of(read.series[1])[0];
  EXPECT_EQ(histogram.time_ms, 99);
  EXPECT_THAT(read.histograms.numbers_of(histogram.positive), ElementsAre(1, 2));
  EXPECT_THAT(read.histograms.numbers_of(histogram.custom_bounds), ElementsAre(2.5));
  ASSERT_EQ(read.metadata.size(), 1);
  EXPECT_EQ(read.metadata[0].type, ExpositionType::Counter);
}

TEST(RemoteWriteCodec, SeriesWithFaultsAreMarked) {
  const auto fault = [](const Fill& fill) {
    const std::string body = one_series(fill);
    WriteRequest read;
    EXPECT_TRUE(decode_write_request(body, read));
    return read.series.empty() ? std::string("none") : std::string(read.series[0].fault);
  };
  EXPECT_EQ(fault([](ProtobufWriter& s) { label(s, "z", "1"), label(s, "__name__", "x"); }), "");  // not sorted: still clear
  EXPECT_THAT(fault([](ProtobufWriter& s) { label(s, "a", "1"); }), HasSubstr("no metric name"));
  EXPECT_THAT(fault([](ProtobufWriter& s) { label(s, "__name__", "x"), label(s, "a", "1"), label(s, "a", "2"); }),
              HasSubstr("given twice"));
  EXPECT_THAT(fault([](ProtobufWriter& s) { label(s, "b", "x"), label(s, "a", "1"), label(s, "b", "2"); }),
              HasSubstr("given twice"));
  EXPECT_THAT(fault([](ProtobufWriter& s) { label(s, "__name__", "\xff"); }), HasSubstr("UTF-8"));
  EXPECT_THAT(fault([](ProtobufWriter& s) { label(s, "__name__", "x"), label(s, "", "1"); }), HasSubstr("no name"));
  EXPECT_THAT(fault([](ProtobufWriter& s) {
    label(s, "__name__", "x");
    nested(s, 4, [](ProtobufWriter& h) { h.bytes(12, "\x02"), h.bytes(13, std::string(8, '\0')); });
  }), HasSubstr("does not fit"));
  EXPECT_THAT(fault([](ProtobufWriter& s) {
    for (int i = 0; i < 200; ++i) label(s, "l" + std::to_string(i), "1");
  }), HasSubstr("too many"));
}

TEST(RemoteWriteCodec, BrokenMessagesAreRefusedWhole) {
  const std::string body = one_series([](ProtobufWriter& s) {
    label(s, "__name__", "x");
    sample(s, 1, 2);
  });
  WriteRequest read;
  for (std::size_t size = 1; size < body.size(); ++size) EXPECT_FALSE(decode_write_request(body.substr(0, size), read)) << size;
  EXPECT_TRUE(decode_write_request("", read));
  EXPECT_TRUE(read.series.empty());
  const auto limited = decode_write_request(body + body, read, {.samples = 1});
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().fault, Fault::TooLarge);
}

TEST(Snappy, LiteralsAndCopies) {
  EXPECT_EQ(*uncompress_snappy("\x05\x10hello"s, 100), "hello");
  EXPECT_EQ(*uncompress_snappy("\x00"s, 100), "");
  // "ab" and a copy of 8 from 2 bytes back, by each of the three kinds of copies.
  EXPECT_EQ(*uncompress_snappy("\x0a\x04" "ab" "\x11\x02"s, 100), "ababababab");
  EXPECT_EQ(*uncompress_snappy("\x0a\x04" "ab" "\x1e\x02\x00"s, 100), "ababababab");
  EXPECT_EQ(*uncompress_snappy("\x0a\x04" "ab" "\x1f\x02\x00\x00\x00"s, 100), "ababababab");
  const std::string text(100, 'x');
  EXPECT_EQ(*uncompress_snappy("\x64\xf0\x63" + text, 100), text);  // a literal with its length in a byte
}

TEST(Snappy, WhatIsNone) {
  for (const std::string& bad : {""s, "\xff\xff\xff\xff\xff\x01"s, "\x05\x10hell"s, "\x06\x10hello"s, "\x04\x10hello"s,
                                 "\x0a\x04" "ab" "\x11\x03"s, "\x0a\x04" "ab" "\x11\x00"s, "\x0a\x04" "ab" "\x1e\x02"s,
                                 "\xff\xff\xff\xff\x0f\x00"s, "\x05\xfc\xff\xff\xff\xff"s})
    EXPECT_FALSE(uncompress_snappy(bad, std::size_t{1} << 32)) << bad;
  const auto bomb = uncompress_snappy("\x80\x80\x80\x80\x04"s, 1 << 20);
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().fault, Fault::TooLarge);
}

}  // namespace
}  // namespace tocsin::wire
