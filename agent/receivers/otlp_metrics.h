// SPDX-License-Identifier: Apache-2.0
// Decodes an OTLP ExportMetricsServiceRequest into MetricPoints: one pass over the wire bytes, no object tree.
//
//   MetricPoints points;
//   Result<void> decoded = decode_otlp_metrics(body, points);
//   if (!decoded) return decoded.error();      // nothing of the body has been counted anywhere
//
// What the point says is not judged here: the intake does, point by point. Attributes of points are left as bytes and
// only hashed; those of resources and scopes are walked, so that a broken one fails the request.
// Threads: pure. Costs about 30 ns a number point with 4 attributes; allocates only when `points` must grow.
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/metric_points.h"
#include "meters/base/result.h"

namespace tocsin::agent {

// A body of many tiny messages would otherwise decode to far more than its own size.
struct OtlpDecodeLimits {
  std::size_t items = 2'000'000;   // resources, scopes, metrics, points and exemplars together
  std::size_t words = 16'000'000;  // bucket counts, bounds, quantiles
};

// Clears `points` first. Errors: Input with the byte offset; TooLarge over the limits.
Result<void> decode_otlp_metrics(std::string_view body, MetricPoints& points, const OtlpDecodeLimits& limits = {});

}  // namespace tocsin::agent
