// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/remote_write.h"

#include <algorithm>
#include <array>
#include <bit>

#include "agent/src/native_sample.h"
#include "meters/base/text.h"
#include "wire/media_type.h"
#include "wire/snappy.h"

namespace tocsin::agent {

using meters::Kind;
using wire::ExpositionType;

namespace {

const double kStale = std::bit_cast<double>(wire::kStaleNanBits);
constexpr auto kAhead = std::chrono::minutes(10);  // as Prometheus' receiver
constexpr auto kForgetEvery = std::chrono::hours(1);
constexpr auto kChurn = std::chrono::minutes(1);
constexpr std::size_t kFewPlaces = 10'000, kMostMetadata = 100'000;
constexpr std::size_t kBodiesAtOnce = 4;  // of the greatest size
constexpr std::array<std::string_view, 5> kSuffixes = {"", "_total", "_bucket", "_count", "_sum"};

RawHash series_hash(std::span<const wire::ExpositionLabel> labels) noexcept {
  RawHash sum;
  for (const auto& [label, text] : labels) {
    const RawHash a = hash_raw(label), b = hash_raw(text);
    sum.low += detail::fold(a.low ^ 0x9E3779B97F4A7C15U, b.low ^ a.high);
    sum.high += detail::fold(a.high ^ 0xC2B2AE3D27D4EB4FU, b.high ^ a.low);
  }
  return sum;
}

int status_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::TooLarge: return 413;
    case Fault::Unsupported: return 415;
    case Fault::Exhausted: return 429;
    case Fault::Input: return 400;
    default: return 500;
  }
}

std::string_view failure_word(Fault fault) noexcept {
  switch (fault) {
    case Fault::TooLarge: return "too_large";
    case Fault::Unsupported: return "unsupported";
    case Fault::Exhausted: return "busy";
    default: return "malformed";
  }
}

Result<void> check_format(const wire::HttpHeaders& headers) {
  const auto media = wire::parse_media_type(headers.value("Content-Type"));
  const std::string_view proto = media ? media->parameter("proto") : std::string_view();
  if (!media || media->type != "application/x-protobuf" || (!proto.empty() && proto != "prometheus.WriteRequest"))
    return Error{Fault::Unsupported, "Content-Type must be application/x-protobuf (remote write 1.0)"};
  const std::string_view encoding = trim(headers.value("Content-Encoding"));
  if (!encoding.empty() && !equal_ignoring_case(encoding, "snappy"))
    return Error{Fault::Unsupported, "Content-Encoding must be snappy, as a block"};
  return {};
}

}  // namespace

RemoteWriteReceiver::RemoteWriteReceiver(rules::Window& window, Intake& intake, const RemoteWriteConfig& config,
                                         const Clock& clock)
    : clock_(clock), enabled_(config.enabled), max_request_bytes_(config.max_request_bytes),
      stream_(meters::Via::RemoteWrite, window, intake), forgot_(clock.monotonic()) {}

void RemoteWriteReceiver::configure(const RemoteWriteConfig& config) {
  enabled_ = config.enabled;
  max_request_bytes_ = config.max_request_bytes;
}

void RemoteWriteReceiver::serve(const wire::HttpRequest& request, wire::HttpResponder& responder) {
  if (!enabled_) return responder.send_text(404, "remote write is not received here: [remote_write] enabled = false\n");
  const auto taken = accept(request);
  if (!taken) {
    const Error& error = taken.error();
    ledger_.record_failed_request(failure_word(error.fault), error.message);
    wire::HttpHeaders headers{{"Content-Type", "text/plain; charset=utf-8"}};
    if (error.fault == Fault::Exhausted) headers.add("Retry-After", "1");
    return responder.send(status_of(error.fault), headers, error.message + "\n");
  }
  ledger_.record(taken->entry, taken->words);
  if (taken->words.empty()) return responder.send(204, {}, {});
  responder.send_text(400, taken->words + "\n");
}

Result<RemoteWriteReceiver::Taken> RemoteWriteReceiver::accept(const wire::HttpRequest& request) {
  if (auto known = check_format(request.headers); !known) return known.error();
  const std::size_t limit = max_request_bytes_;
  struct Share {
    std::atomic<std::size_t>& all;
    std::size_t mine;
    ~Share() { all.fetch_sub(mine, std::memory_order_relaxed); }
  };
  // What a body may become is not known before it is: a share of the greatest stands for it.
  const std::size_t guess = std::min(limit, request.body.size() * 8);
  const std::size_t before = in_flight_.fetch_add(guess, std::memory_order_relaxed);
  const Share share{in_flight_, guess};
  if (before != 0 && before + guess > kBodiesAtOnce * limit)
    return Error{Fault::Exhausted, "too many requests are being worked on: try again later"};
  auto plain = wire::uncompress_snappy(request.body, limit);
  if (!plain) return plain.error();
  wire::WriteRequest decoded;
  if (auto read = wire::decode_write_request(*plain, decoded); !read) return read.error();
  const std::lock_guard lock(mutex_);
  return apply(decoded);
}

// Metadata names a family; a sample has one of its names.
void RemoteWriteReceiver::describe(std::string_view name) {
  for (const std::string_view suffix : kSuffixes) {
    if (!name.ends_with(suffix)) continue;
    const auto found = metadata_.find(std::string(name.substr(0, name.size() - suffix.size())));
    if (found == metadata_.end()) continue;
    const Kind kind = found->second->kind;
    const bool part = suffix == "_count" || suffix == "_sum";
    const bool fits = suffix.empty() || (suffix == "_total" && kind == Kind::Counter) ||
                      (suffix == "_bucket" && kind == Kind::Histogram) ||
                      (part && (kind == Kind::Histogram || kind == Kind::Summary));
    if (fits) return stream_.builder().describe(name, found->second);
  }
  if (!name.ends_with("_total")) return;
  // Metadata comes a minute late, or never; this name is a counter's by convention.
  auto guess = std::make_shared<meters::Descriptor>();
  guess->name = guess->prometheus_name = name;
  guess->kind = Kind::Counter;
  stream_.builder().describe(name, std::move(guess));
}

void RemoteWriteReceiver::keep(const wire::WriteMetadata& metadata) {
  auto made = std::make_shared<meters::Descriptor>();
  made->name = metadata.family;
  made->prometheus_name = metadata.family;
  made->unit = metadata.unit;
  made->help = metadata.help;
  switch (metadata.type) {
    case ExpositionType::Counter: made->kind = Kind::Counter; break;
    case ExpositionType::Histogram: made->kind = Kind::Histogram; break;
    case ExpositionType::Summary: made->kind = Kind::Summary; break;
    default: made->kind = Kind::Gauge;
  }
  if (metadata_.size() >= kMostMetadata && !metadata_.contains(made->name)) return;
  auto& known = metadata_[made->name];
  if (known && *known == *made) return;
  known = std::move(made);
  for (const std::string_view suffix : kSuffixes) {
    std::string name = known->name + std::string(suffix);
    if (names_.contains(name)) describe(name);
  }
}

rules::BatchBuilder::Place RemoteWriteReceiver::place(const wire::WriteRequest& request, const wire::WriteSeries& series) {
  const auto labels = request.labels_of(series);
  const RawHash hash = series_hash(labels);
  if (const auto known = places_.find(hash); known != places_.end()) return known->second;
  std::vector<rules::BatchBuilder::Label> pairs;
  for (const auto& [name, text] : labels)
    if (name != "__name__" && !text.empty()) pairs.emplace_back(name, text);
  const auto made = stream_.builder().place(series.name, pairs);
  if (names_.emplace(series.name).second) describe(series.name);
  places_.emplace(hash, made);
  return made;
}

// Series that ended long ago are not worth their memory; those that go on are placed anew.
void RemoteWriteReceiver::forget_old(Monotonic now) {
  const bool old = now - forgot_ >= kForgetEvery && places_.size() >= kFewPlaces;
  const bool many = places_.size() > most_places_;
  if (!old && !many) return;
  // So many so soon: they are alive, and placing them again and again would be dear.
  if (many && now - forgot_ < kChurn) most_places_ = std::min(2 * most_places_, kMostPlaces);
  if (old) most_places_ = kManyPlaces;
  forgot_ = now;
  stream_.forget();
  places_.clear();
  names_.clear();
}

RemoteWriteReceiver::Taken RemoteWriteReceiver::apply(const wire::WriteRequest& request) {
  forget_old(clock_.monotonic());
  for (const wire::WriteMetadata& metadata : request.metadata) keep(metadata);
  const std::int64_t latest_ms = (to_unix_ns(clock_.now()) + std::chrono::nanoseconds(kAhead).count()) / 1'000'000;
  std::uint64_t bad_labels = 0, bad_histograms = 0, ahead = 0;
  std::string_view fault;
  std::string histogram_fault;
  for (const wire::WriteSeries& series : request.series) {
    const auto samples = request.samples_of(series);
    const auto histograms = request.histograms_of(series);
    if (!series.fault.empty()) {
      bad_labels += std::max<std::size_t>(1, samples.size() + histograms.size());
      fault = series.fault;
      continue;
    }
    const auto at = place(request, series);
    for (const wire::WriteSample& sample : samples)
      sample.time_ms > latest_ms ? void(++ahead) : stream_.builder().add(at, sample.time_ms, sample.value);
    for (const wire::SparseHistogram& histogram : histograms) {
      if (histogram.time_ms > latest_ms) {
        ++ahead;
      } else if (wire::is_stale(histogram.sum)) {
        stream_.builder().add(at, histogram.time_ms, kStale);
      } else if (auto made = native_sample(request.histograms, histogram)) {
        stream_.builder().add(at, histogram.time_ms, std::move(*made));
      } else {
        if (bad_histograms++ == 0) histogram_fault = std::string(series.name) + ": " + made.error().message;
      }
    }
    for (const wire::WriteExemplar& exemplar : request.exemplars_of(series)) {
      rules::SampleExemplar made;
      made.value = exemplar.value;
      made.time_ms = exemplar.time_ms;
      for (const auto& [name, text] : request.labels_of(exemplar.labels)) made.labels.emplace_back(name, text);
      stream_.builder().add_exemplar(at, std::move(made));
    }
  }
  const SampleStream::Outcome outcome = stream_.flush();
  Taken taken;
  std::uint64_t rejected = 0;
  const auto reject = [&](std::string_view reason, std::uint64_t count, std::string_view words) {
    if (count == 0) return;
    rejected += count;
    taken.entry.rejected.emplace_back(reason, count);
    taken.words += (taken.words.empty() ? "" : "; ") + std::to_string(count) + " samples rejected: " + std::string(words);
  };
  reject("bad_labels", bad_labels, fault);
  reject("bad_histogram", bad_histograms, histogram_fault);
  reject("ahead", ahead, "their time is more than 10 minutes ahead");
  reject("out_of_order", outcome.window.not_newer, "out of order, or another value at the same time");
  reject("too_old", outcome.window.too_old, "older than the history that is kept");
  reject("no_room", outcome.window.refused, "the history has no room for them");
  reject("repeated", outcome.window.repeated, "another sender writes the same series");
  const std::uint64_t all = outcome.samples + bad_labels + bad_histograms + ahead;
  taken.entry.accepted = all - std::min(rejected, all);
  if (rejected != 0) taken.words += "; " + std::to_string(taken.entry.accepted) + " accepted";
  return taken;
}

}  // namespace tocsin::agent
