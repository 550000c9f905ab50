// SPDX-License-Identifier: Apache-2.0
#include "exporters/negotiation.h"

#include <gtest/gtest.h>

#include "tests/exporters/sample_snapshot.h"

namespace tocsin::exporters {
namespace {

struct Case {
  std::string accept;
  std::string_view content_type;
};

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
const std::string kProto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily";

const Case kCases[] = {
    {"", kText},
    {"*/*", kText},
    {"text/*", kText},
    {"image/png", kText},
    {"text/plain;q=0, */*", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
    {"text/plain;q=0, text/*", kText},  // nothing is left: better than nothing
    {"text/plain;version=0.0.5", kText},
    // prometheus/common expfmt/encode_test.go; the two text forms of protobuf are not offered.
    {kProto + ";encoding=delimited",
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
     "escaping=underscores"},
    {kProto + ";encoding=text", kText},
    {kProto + ";encoding=compact-text", kText},
    {kProto, kText},
    {"text/plain;version=0.0.4", kText},
    {kProto + ";encoding=delimited; escaping=allow-utf-8;",
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
     "escaping=allow-utf-8"},
    {"text/plain;version=0.0.4;", kText},
    {"text/plain;version=0.0.4; escaping=values;", "text/plain; version=0.0.4; charset=utf-8; escaping=values"},
    {"text/plain;version=0.0.4; escaping=allow-utf-8",
     "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"},
    {"application/openmetrics-text",
     "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"},
    {"application/openmetrics-text;version=0.0.1; escaping=underscores",
     "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"},
    {"application/openmetrics-text;version=1.0.0",
     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
    {"application/openmetrics-text;version=1.0.0; escaping=values;",
     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"},
    {"application/openmetrics-text;version=0.0.4", kText},
    {"application/openmetrics-text;version=2.0.0,text/plain;version=1.0.0;q=0.2;escaping=dots",
     "text/plain; version=1.0.0; charset=utf-8; escaping=dots"},
    // Prometheus 2.42.
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
    {kProto + ";encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,"
              "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
     "escaping=underscores"},
    // Prometheus 3.
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
     "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
    {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
    // Weights.
    {"application/openmetrics-text;version=1.0.0;q=0.1, text/plain;q=0.9", kText},
    {"application/openmetrics-text;version=1.0.0;q=0, " + kProto + ";encoding=delimited;q=0", kText},
    {"text/plain;q=nonsense;version=1.0.0, application/openmetrics-text;version=1.0.0;q=0.99",
     "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"},
    // Hostile and odd.
    {",,;;,=;q,", kText},
    {"TEXT/PLAIN; VERSION=\"1.0.0\"; Escaping=\"dots\"", "text/plain; version=1.0.0; charset=utf-8; escaping=dots"},
    {"text/plain;version=\"1.0.0", kText},
    {"application/openmetrics-text;version=1.0.0;escaping=unheard-of",
     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
};

TEST(Negotiation, formats) {
  for (const Case& c : kCases) EXPECT_EQ(negotiate(c.accept, "").content_type, c.content_type) << c.accept;
}

TEST(Negotiation, encodings) {
  using wire::Encoding;
  const std::pair<std::string_view, Encoding> cases[] = {
      {"", Encoding::Identity},
      {"gzip", Encoding::Gzip},
      {"identity", Encoding::Identity},
      {"gzip;q=0", Encoding::Identity},
      {"gzip, zstd", Encoding::Zstd},
      {"zstd;q=0.5, gzip", Encoding::Gzip},
      {"*", Encoding::Zstd},
      {"*;q=0.5, zstd;q=0, identity;q=0.1", Encoding::Gzip},
      {"br, deflate", Encoding::Identity},
      {"GZIP", Encoding::Gzip},
      {"identity;q=1, gzip;q=0.5", Encoding::Identity},
      {"gzip;q=0.5", Encoding::Gzip},
  };
  for (const auto& [header, encoding] : cases) EXPECT_EQ(negotiate("", header).encoding, encoding) << header;
}

TEST(Negotiation, every_format_has_an_encoder) {
  const auto one = testing::snapshot(testing::integers(testing::family("x", meters::Kind::Gauge, {}, {{}}), {1}));
  for (const Format format : {Format::Text, Format::OpenMetrics, Format::Protobuf}) {
    testing::Blocks blocks;
    EXPECT_EQ(encode(format, *one, {}, blocks.sink()).rows, 1U);
    EXPECT_NE(blocks.text, "");
  }
}

}  // namespace
}  // namespace tocsin::exporters
