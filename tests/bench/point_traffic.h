// SPDX-License-Identifier: Apache-2.0
// OTLP metrics requests of 1,000 points with 4 attributes: integer counters, cumulative, 10 metrics a request, 100 label
// sets each. Every pass is later and greater than the one before.
//
//   PointTraffic traffic(100'000, now_ns);
//   for (const std::string& body : traffic.bodies()) post(body);     // each series once
//   traffic.next();
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"

namespace tocsin::bench {

class PointTraffic {
 public:
  static constexpr int kPoints = 1'000;  // a request

  PointTraffic(int series, std::uint64_t start_ns) : start_ns_(start_ns) {
    const int requests = series / kPoints;
    for (int request = 0; request < requests; ++request) bodies_.push_back(body(requests, request));
    for (std::size_t at = 0; at < bodies_.size(); ++at) {
      note(at, kTimeMark, times_);
      note(at, kValueMark, values_);
    }
    next();
  }

  const std::vector<std::string>& bodies() const noexcept { return bodies_; }
  std::uint64_t points() const noexcept { return times_.size(); }
  // What all series together stand at after this pass.
  double total() const noexcept { return static_cast<double>(points()) * static_cast<double>(value_); }

  void next() {
    ++value_;
    for (const Place& place : times_) put(place, start_ns_ + value_ * 1'000);
    for (const Place& place : values_) put(place, value_);
  }

 private:
  static constexpr std::uint64_t kTimeMark = 0xF1A5'5E77'0DD5'1DE5, kValueMark = 0xB0B5'1ED5'CA1E'D0FF;
  static constexpr int kMetrics = 10, kSets = kPoints / kMetrics;
  struct Place {
    std::size_t body, offset;
  };

  static void text(wire::ProtobufWriter& writer, std::string_view key, const std::string& value) {
    wire::append_attribute(writer, wire::otlp::NumberDataPoint::kAttributes, {std::string(key), value});
  }
  std::string body(int requests, int request) const {
    namespace otlp = wire::otlp;
    const int groups = requests == 1 ? 1 : 10;  // of metrics
    const int first = request / groups * kSets;
    std::string scope, metric, data, point;
    for (int i = 0; i < kMetrics; ++i) {
      data.clear();
      metric.clear();
      for (int set = first; set < first + kSets; ++set) {
        point.clear();
        wire::ProtobufWriter writer(point);
        writer.fixed64(otlp::NumberDataPoint::kStartTimeUnixNano, start_ns_);
        writer.fixed64(otlp::NumberDataPoint::kTimeUnixNano, kTimeMark);
        writer.fixed64(otlp::NumberDataPoint::kAsInt, kValueMark);
        text(writer, "func", "GET /api/v1/items/" + std::to_string(set % 200));
        text(writer, "ret", std::to_string(set / 200));
        text(writer, "server_name", "checkout");
        text(writer, "status", set / 200 == 0 ? "ok" : "server_error");
        wire::ProtobufWriter(data).bytes(otlp::Points::kDataPoints, point);
      }
      wire::ProtobufWriter(data).varint(otlp::Sum::kTemporality, 2);
      wire::ProtobufWriter(data).varint(otlp::Sum::kMonotonic, 1);
      wire::ProtobufWriter writer(metric);
      writer.bytes(otlp::Metric::kName, "bench_requests_" + std::to_string(request % groups * kMetrics + i));
      writer.bytes(otlp::Metric::kSum, data);
      wire::ProtobufWriter(scope).bytes(otlp::ScopeItems::kItems, metric);
    }
    std::string resource, items, out;
    wire::ProtobufWriter writer(resource);
    wire::append_attribute(writer, otlp::Resource::kAttributes, {"service.name", std::string("bench")});
    wire::append_attribute(writer, otlp::Resource::kAttributes, {"service.instance.id", std::string("1")});
    wire::ProtobufWriter(items).bytes(otlp::ResourceItems::kResource, resource);
    wire::ProtobufWriter(items).bytes(otlp::ResourceItems::kScopes, scope);
    wire::ProtobufWriter(out).bytes(otlp::ExportRequest::kResources, items);
    return out;
  }
  void note(std::size_t in, std::uint64_t mark, std::vector<Place>& places) const {
    const std::string_view wanted(reinterpret_cast<const char*>(&mark), sizeof mark);
    for (std::size_t at = bodies_[in].find(wanted); at != std::string::npos; at = bodies_[in].find(wanted, at + sizeof mark))
      places.push_back({in, at});
  }
  void put(const Place& place, std::uint64_t word) { std::memcpy(bodies_[place.body].data() + place.offset, &word, sizeof word); }

  std::uint64_t start_ns_, value_ = 0;
  std::vector<std::string> bodies_;
  std::vector<Place> times_, values_;
};

}  // namespace tocsin::bench
