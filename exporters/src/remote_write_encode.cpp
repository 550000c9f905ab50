// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include "exporters/remote_write.h"
#include "exporters/src/export_walk.h"
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

using Infos = std::vector<std::shared_ptr<const Family>>;

// Of senders: this process' own is not told apart by job and instance.
Infos infos_of(const meters::Snapshot& snapshot) {
  Infos infos = meters::target_info_families(snapshot);
  std::erase_if(infos, [](const auto& info) { return info->origin->resource->job.empty() && info->origin->resource->instance.empty(); });
  return infos;
}

// One that says the same of the same sender is the same series.
std::string text_of(const Family& info) {
  const meters::Resource& resource = *info.origin->resource;
  std::string text = resource.job + '\0' + resource.instance;
  for (std::size_t i = 0; i < info.labels->columns(); ++i)
    text.append(1, '\0').append(info.labels->column(i).prometheus_name).append(1, '\0').append(info.labels->text(i, info.labels->id(0, i)));
  return text;
}

// Those of the load, and those of the one before that are no longer so, as ended.
Infos infos_of(const ExportLoad& load) {
  Infos infos = infos_of(*load.snapshot);
  if (!load.previous) return infos;
  std::set<std::string> now;
  for (const auto& info : infos) now.insert(text_of(*info));
  for (const auto& before : infos_of(*load.previous)) {
    if (now.contains(text_of(*before))) continue;
    auto ended = std::make_shared<Family>(*before);
    ended->states = {meters::RowState::Ended};
    infos.push_back(std::move(ended));
  }
  return infos;
}

bool is_nameless(const PlannedFamily& planned) { return planned.family->descriptor->prometheus_name.empty(); }

class RemoteWriteEncoder final : public MetricsEncoder {
 public:
  explicit RemoteWriteEncoder(RemoteWriteOptions options) : options_(std::move(options)) {}

  std::uint64_t points_of(const ExportLoad& load) const override {
    std::uint64_t points = options_.target_info ? infos_of(load).size() : 0;
    for (const PlannedFamily& planned : families_of(load))
      for (Row row = 0; row < planned.family->rows() && !is_nameless(planned); ++row) points += planned.is_news(row) ? 1 : 0;
    return points;
  }

  void load(ExportLoad load) override {
    load_ = std::move(load);
    current_.reset();
    families_ = families_of(load_);
    std::erase_if(families_, is_nameless);
    infos_.clear();
    if (options_.target_info) infos_ = infos_of(load_);
    for (const auto& info : infos_) families_.push_back({info.get(), nullptr, to_unix_ns(load_.snapshot->time)});
    before_ns_ = load_.previous ? to_unix_ns(load_.previous->time) : INT64_MIN;
    find_living();
    const Time now = load_.snapshot->time;
    metadata_due_ = !told_metadata_ || now < *told_metadata_ || now - *told_metadata_ >= kMetadataEvery;
    at_ = {};
  }

  std::optional<ExportRequest> next(std::size_t max_bytes) override {
    ExportRequest request = fill(at_, end_of(families_), options_.max_points, std::min(max_bytes, options_.max_bytes));
    at_ = request.end;
    memory_.began(to_unix_ns(load_.snapshot->time));
    if (request.points == 0) return std::nullopt;
    if (metadata_due_) append_metadata(request.body);
    return request;
  }

  std::vector<ExportRequest> halve(const ExportRequest& request) override {
    return halved(request, [this](ExportCursor from, ExportCursor until, std::uint64_t points) { return fill(from, until, points, SIZE_MAX); });
  }

  void acknowledge(const ExportRequest& request) override {
    for (ExportCursor at = request.begin; at < request.end; step(at, families_))
      if (is_news(at) && !lives_elsewhere(at)) family_at(at).tell(at.row, memory_);
  }
  void continue_from(MetricsEncoder& before) override {
    if (auto* same = dynamic_cast<RemoteWriteEncoder*>(&before)) memory_ = std::move(same->memory_);
  }
  std::size_t state_bytes() const noexcept override { return memory_.bytes(); }

 private:
  bool is_news(ExportCursor at) const noexcept {
    const PlannedFamily& planned = families_[at.family];
    return at.row < planned.family->rows() && planned.is_news(at.row);
  }

  RemoteWriteFamily& family_at(ExportCursor at) {
    const PlannedFamily& planned = families_[at.family];
    if (!current_ || current_family_ != planned.family) {
      current_ = std::make_unique<RemoteWriteFamily>(planned, options_);
      current_family_ = planned.family;
    }
    return *current_;
  }

  // A series may end in one family and live in another of its name: a histogram whose bounds changed. It has not ended.
  void find_living() {
    living_.clear();
    std::set<std::string_view> ending;
    for (const PlannedFamily& planned : families_)
      for (Row row = 0; row < planned.family->rows(); ++row)
        if (planned.family->states[row] == meters::RowState::Ended && planned.is_news(row)) ending.insert(planned.family->descriptor->prometheus_name);
    if (ending.empty()) return;
    for (std::uint32_t family = 0; family < families_.size(); ++family) {
      const PlannedFamily& planned = families_[family];
      if (planned.only_ended || !ending.contains(planned.family->descriptor->prometheus_name)) continue;
      for (Row row = 0; row < planned.family->rows(); ++row)
        if (planned.family->states[row] == meters::RowState::Live) living_.insert(family_at({family, row}).series(row));
    }
  }
  bool lives_elsewhere(ExportCursor at) {
    if (living_.empty() || families_[at.family].family->states[at.row] == meters::RowState::Live) return false;
    return living_.contains(family_at(at).series(at.row));
  }

  ExportRequest fill(ExportCursor from, ExportCursor until, std::uint64_t max_points, std::size_t max_bytes) {
    ExportRequest request;
    request.begin = from;
    request.body.reserve(last_bytes_);
    wire::WriteRequestWriter writer(request.body);
    ExportCursor at = from;
    while (at < until && request.points < max_points && request.body.size() < max_bytes) {
      if (is_news(at)) {
        if (!lives_elsewhere(at)) family_at(at).append(writer, at.row, before_ns_, memory_);
        ++request.points;
      }
      step(at, families_);
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
  Infos infos_;
  std::vector<PlannedFamily> families_;
  std::unique_ptr<RemoteWriteFamily> current_;
  const Family* current_family_ = nullptr;  // that current_ is of
  std::int64_t before_ns_ = INT64_MIN;  // of the Snapshot before
  std::unordered_set<std::uint64_t> living_;  // where something of its name ended
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
