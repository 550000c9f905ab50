// SPDX-License-Identifier: Apache-2.0
// io.prometheus.client.MetricFamily, each message after its length: the one format that carries native histograms and
// start times to a Prometheus that scrapes them (2.42 with its feature flag, 3.x).
//
//   encode_protobuf(*snapshot, {}, sink);
//
// Native histograms: schemas -4 to 8, finer ones are merged down, coarser ones are not shown as native; what OTLP sends
// as a zero threshold of 0 becomes 1e-128, as in Prometheus' own OTLP receiver. The count of a histogram that has
// native buckets is their sum. An unknown sum is NaN.
// Threads: pure. Costs: families over 64 KiB are encoded twice, since a message's length comes before it.
#pragma once

#include "exporters/exposition.h"

namespace tocsin::exporters {

ExpositionReport encode_protobuf(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                                 const BlockSink& sink);

}  // namespace tocsin::exporters
