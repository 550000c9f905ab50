// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus_protobuf.h"

#include <gtest/gtest.h>

#include "meters/base/number.h"
#include "tests/exporters/sample_snapshot.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using wire::ProtobufReader;
using wire::WireType;

std::string encoded(const meters::Snapshot& snapshot, ExpositionReport* report = nullptr) {
  Blocks blocks;
  const ExpositionReport made = encode_protobuf(snapshot, {}, blocks.sink());
  EXPECT_EQ(made.bytes, blocks.text.size());
  EXPECT_LE(blocks.largest, 64U * 1024);
  if (report != nullptr) *report = made;
  return blocks.text;
}

// All fields of a message, printed in their order: "1:\"x\" 4:{...}". `messages` are the paths that are messages.
class Printer {
 public:
  std::string print(std::string_view bytes, const std::string& path = "") {
    std::string out;
    ProtobufReader reader(bytes);
    while (reader.next()) {
      const std::string here = path + std::to_string(reader.field());
      if (!out.empty()) out += ' ';
      out += std::to_string(reader.field()) + ':';
      switch (reader.type()) {
        case WireType::Varint:
          out += std::to_string(reader.varint());
          break;
        case WireType::Fixed64:
          append_double(out, reader.fixed_double());
          break;
        case WireType::Length: {
          const std::string_view inside = reader.bytes();
          out += is_text(here) ? '"' + std::string(inside) + '"' : '{' + print(inside, here + '.') + '}';
          break;
        }
        default:
          ADD_FAILURE() << "unexpected wire type";
          return out;
      }
    }
    EXPECT_TRUE(reader.ok());
    return out;
  }

 private:
  static bool is_text(const std::string& path) {
    return path == "1" || path == "2" || path == "5" || path == "4.1.1" || path == "4.1.2" || path == "4.3.2.1.1" ||
           path == "4.3.2.1.2" || path == "4.7.3.3.1.1" || path == "4.7.3.3.1.2" || path == "4.7.16.1.1" ||
           path == "4.7.16.1.2";
  }
};

std::vector<std::string> families(const std::string& body) {
  std::vector<std::string> out;
  ProtobufReader reader(body);
  while (!reader.at_end() && reader.ok()) out.push_back(Printer().print(reader.bytes()));
  EXPECT_TRUE(reader.ok());
  return out;
}

TEST(PrometheusProtobuf, everything) {
  ExpositionReport report;
  std::string text;
  for (const std::string& family : families(encoded(*everything(), &report))) text += family + '\n';
  EXPECT_EQ(text, golden("everything.protobuf.txt", text));
  EXPECT_EQ(report.left_out(), 0U);
}

Family native(Family made, meters::NativeHistogram buckets, double sum) {
  const std::uint64_t count = 7;
  made = histogram(std::move(made), {}, {count}, {sum});
  std::get<meters::Histograms>(made.points).native = {std::move(buckets)};
  return made;
}

// Histogram fields after the labels of the one series of the one family.
std::string histogram_of(const std::string& body) {
  const auto all = families(body);
  EXPECT_EQ(all.size(), 1U);
  const std::string& text = all.at(0);
  const auto at = text.find("7:{");
  return text.substr(at + 3, text.size() - at - 5);
}

TEST(PrometheusProtobuf, native_buckets_by_upper_bound) {
  // OTLP buckets 3, 4, _, _, _, 8, _, 10 of scale 2 become indexes 4, 5, 9, (10), 11.
  const meters::NativeHistogram buckets{2, 0, 1, 3, -2, {5, 1, 0, 0, 0, 2, 0, 7}, {4}};
  EXPECT_EQ(histogram_of(encoded(*snapshot(native(family("h", Kind::Histogram, {}, {{}}), buckets, 2.5)))),
            "1:20 2:2.5 5:4 6:1e-128 7:1 "
            "9:{1:1 2:1} 10:8 "  // negative: index -1, one bucket of 4
            "12:{1:8 2:2} 12:{1:6 2:3} 13:10 13:7 13:2 13:3 13:14");
}

TEST(PrometheusProtobuf, finer_than_schema_8_is_merged_down) {
  // Scale 10 to 8: indexes -5, -4, -3, ..., 3 shifted right twice: -2, -1 (four), 0 (four).
  const meters::NativeHistogram buckets{10, 1e-9, 0, -5, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {}};
  EXPECT_EQ(histogram_of(encoded(*snapshot(native(family("h", Kind::Histogram, {}, {{}}), buckets, 1)))),
            "1:9 2:1 5:16 6:1e-09 7:0 12:{1:1 2:3} 13:2 13:6 13:0");
}

TEST(PrometheusProtobuf, coarser_than_schema_minus_4_is_not_native) {
  EXPECT_EQ(histogram_of(encoded(*snapshot(
                native(family("h", Kind::Histogram, {}, {{}}), meters::NativeHistogram{-5, 0, 0, 0, 0, {7}, {}}, 1)))),
            "1:7 2:1");
}

TEST(PrometheusProtobuf, a_native_histogram_without_observations_is_native) {
  EXPECT_EQ(histogram_of(encoded(*snapshot(
                native(family("h", Kind::Histogram, {}, {{}}), meters::NativeHistogram{3, 0, 0, 0, 0, {}, {}}, 0)))),
            "1:0 2:0 5:6 6:1e-128 7:0");
}

TEST(PrometheusProtobuf, classic_and_native_agree_on_the_count) {
  auto made = histogram(family("h", Kind::Histogram, {}, {{}}), {1}, {4, 3}, {5});
  std::get<meters::Histograms>(made.points).native = {meters::NativeHistogram{0, 0, 0, -3, 0, {3, 3}, {}}};
  EXPECT_EQ(histogram_of(encoded(*snapshot(made))),
            "1:6 2:5 3:{1:4 2:1} 3:{1:6 2:+Inf} 5:0 6:1e-128 7:0 12:{1:3 2:2} 13:6 13:0");
}

TEST(PrometheusProtobuf, exemplars_of_native_histograms_are_their_own_field) {
  auto made = native(family("h", Kind::Histogram, {}, {{}}), meters::NativeHistogram{0, 0, 0, 0, 0, {7}, {}}, 9);
  made.exemplars = {exemplar(0, 0, 1.5), exemplar(0, 0, 1.75)};
  const auto text = histogram_of(encoded(*snapshot(made)));
  EXPECT_NE(text.find("16:{1:{1:\"trace_id\" 2:\"0af7651916cd43dd8448eb211c80319c\"} "
                      "1:{1:\"span_id\" 2:\"b7ad6b7169203331\"} 2:1.5 3:{1:1700000000 2:123000000}}"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(" 2:1.75 3:{"), std::string::npos);
  EXPECT_NE(text.find(" 3:{1:7 2:+Inf 3:{1:{1:\"trace_id\""), std::string::npos) << "one for older readers";
}

TEST(PrometheusProtobuf, families_over_a_block_have_the_right_length) {
  std::vector<Labels> rows;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back({std::to_string(i), i % 2 == 0 ? "" : "x"});
    values.push_back(i);
  }
  auto big = integers(family("big", Kind::Counter, {"a", "b"}, rows, received("j", "i")), values);
  big.states[17] = meters::RowState::Ended;
  ExpositionReport report;
  const auto body = encoded(*snapshot(std::move(big), integers(family("small", Kind::Gauge, {}, {{}}), {1})), &report);
  const auto all = families(body);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(report.rows, 20'000U);
  EXPECT_EQ(report.families, 2U);
  EXPECT_TRUE(
      all[0].ends_with("4:{1:{1:\"job\" 2:\"j\"} 1:{1:\"instance\" 2:\"i\"} 1:{1:\"a\" 2:\"19999\"} 1:{1:\"b\" "
                       "2:\"x\"} 3:{1:19999}}"))
      << all[0].substr(all[0].size() - 200);
}

}  // namespace
}  // namespace tocsin::exporters
