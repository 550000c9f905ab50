// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>

#include "exporters/remote_write.h"
#include "exporters/src/remote_write_series.h"
#include "meters/base/text.h"
#include "meters/target_info.h"

namespace tocsin::exporters {

namespace {

using meters::Family;
using meters::Row;

constexpr std::chrono::minutes kMetadataEvery{1};

wire::ExpositionType type_of(const Family& family) {
  if (std::holds_alternative<meters::Histograms>(family.points)) return wire::ExpositionType::Histogram;
  if (std::holds_alternative<meters::Summaries>(family.points)) return wire::ExpositionType::Summary;
  return family.descriptor->kind == meters::Kind::Counter ? wire::ExpositionType::Counter : wire::ExpositionType::Gauge;
}

// Those of senders: this process' own is not told apart by job and instance.
std::vector<std::shared_ptr<const Family>> infos_of(const meters::Snapshot& snapshot) {
  auto infos = meters::target_info_families(snapshot);
  std::erase_if(infos, [](const auto& info) { return info->origin->resource->job.empty() && info->origin->resource->instance.empty(); });
  return infos;
}

class RemoteWriteEncoder final : public MetricsEncoder {
 public:
  explicit RemoteWriteEncoder(RemoteWriteOptions options) : options_(std::move(options)) {}

  std::uint64_t points_of(const ExportLoad& load) const override {
    return news_in(load) + (options_.target_info ? infos_of(*load.snapshot).size() : 0);
  }

  void load(ExportLoad load) override {
    load_ = std::move(load);
    current_.reset();
    families_ = families_of(load_);
    infos_.clear();
    if (options_.target_info) infos_ = infos_of(*load_.snapshot);
    for (const auto& info : infos_) families_.push_back({info.get(), nullptr, to_unix_ns(load_.snapshot->time)});
    after_ns_ = load_.previous ? to_unix_ns(load_.previous->time) : INT64_MIN;
    const Time now = load_.snapshot->time;
    metadata_due_ = !told_metadata_ || now < *told_metadata_ || now - *told_metadata_ >= kMetadataEvery;
    at_ = {};
  }

  std::optional<ExportRequest> next(std::size_t max_bytes) override {
    ExportRequest request = fill(at_, end(), options_.max_points, std::min(max_bytes, options_.max_bytes));
    at_ = request.end;
    memory_.began(to_unix_ns(load_.snapshot->time));
    if (request.points == 0) return std::nullopt;
    if (metadata_due_) append_metadata(request.body);
    return request;
  }

  std::vector<ExportRequest> halve(const ExportRequest& request) override {
    std::vector<ExportRequest> parts;
    if (request.points < 2) return parts;
    for (ExportCursor from = request.begin; from < request.end; from = parts.back().end) {
      ExportRequest part = fill(from, request.end, (request.points + 1) / 2, SIZE_MAX);
      if (part.points == 0) break;
      parts.push_back(std::move(part));
    }
    if (!parts.empty()) parts.back().end = request.end;
    return parts;
  }

  void acknowledge(const ExportRequest&) override {}
  void continue_from(MetricsEncoder& before) override {
    if (auto* same = dynamic_cast<RemoteWriteEncoder*>(&before)) memory_ = std::move(same->memory_);
  }
  std::size_t state_bytes() const noexcept override { return memory_.bytes(); }

 private:
  ExportCursor end() const noexcept { return {static_cast<std::uint32_t>(families_.size()), 0}; }

  void step(ExportCursor& at) const noexcept {
    if (++at.row < families_[at.family].family->rows()) return;
    ++at.family;
    at.row = 0;
  }

  ExportRequest fill(ExportCursor from, ExportCursor until, std::uint64_t max_points, std::size_t max_bytes) {
    ExportRequest request;
    request.begin = from;
    request.body.reserve(last_bytes_);
    wire::WriteRequestWriter writer(request.body);
    ExportCursor at = from;
    while (at < until && request.points < max_points && request.body.size() < max_bytes) {
      const PlannedFamily& planned = families_[at.family];
      if (at.row < planned.family->rows() && planned.is_news(at.row)) {
        if (!current_ || current_family_ != planned.family) {
          current_ = std::make_unique<RemoteWriteFamily>(planned, options_);
          current_family_ = planned.family;
        }
        current_->append(writer, at.row, after_ns_, memory_);
        ++request.points;
      }
      step(at);
    }
    request.end = at;
    last_bytes_ = request.body.size();
    return request;
  }

  void append_metadata(std::string& body) {
    metadata_due_ = false;
    told_metadata_ = load_.snapshot->time;
    wire::WriteRequestWriter writer(body);
    std::set<std::string_view> told;
    for (const PlannedFamily& planned : families_) {
      const meters::Descriptor& descriptor = *planned.family->descriptor;
      if (told.insert(descriptor.prometheus_name).second)
        writer.metadata(descriptor.prometheus_name, type_of(*planned.family), to_utf8(descriptor.help), meters::prometheus_unit(descriptor.unit));
    }
  }

  const RemoteWriteOptions options_;
  ExportLoad load_;
  std::vector<std::shared_ptr<const Family>> infos_;
  std::vector<PlannedFamily> families_;
  std::unique_ptr<RemoteWriteFamily> current_;
  const Family* current_family_ = nullptr;  // that current_ is of
  std::int64_t after_ns_ = INT64_MIN;  // of the Snapshot before
  RemoteWriteMemory memory_;
  std::optional<Time> told_metadata_;
  bool metadata_due_ = true;
  ExportCursor at_;
  std::size_t last_bytes_ = 0;
};

}  // namespace

std::unique_ptr<MetricsEncoder> make_remote_write_encoder(RemoteWriteOptions options) {
  return std::make_unique<RemoteWriteEncoder>(std::move(options));
}

}  // namespace tocsin::exporters
