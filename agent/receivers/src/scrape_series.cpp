// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/scrape_series.h"

#include <bit>
#include <cmath>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "agent/relabel_toml.h"
#include "agent/src/native_sample.h"
#include "wire/remote_write_codec.h"

namespace tocsin::agent {

using meters::Kind;
using rules::BatchBuilder;
using wire::ExpositionType;
using wire::SampleRole;

namespace {

constexpr std::int64_t kMostAheadMs = 600'000;

const double kStale = std::bit_cast<double>(wire::kStaleNanBits);
constexpr std::uint64_t kForgottenAfter = 240;  // scrapes

// Labels may come in any order; one without a text is none.
RawHash series_hash(std::string_view name, std::span<const wire::ExpositionLabel> labels) noexcept {
  RawHash sum = hash_raw(name);
  for (const auto& [label, text] : labels) {
    if (text.empty()) continue;
    const RawHash a = hash_raw(label), b = hash_raw(text);
    sum.low += detail::fold(a.low ^ 0x9E3779B97F4A7C15U, b.low ^ a.high);
    sum.high += detail::fold(a.high ^ 0xC2B2AE3D27D4EB4FU, b.high ^ a.low);
  }
  return sum;
}

bool counts(SampleRole role, ExpositionType type) noexcept {
  if (type == ExpositionType::GaugeHistogram) return false;
  return role == SampleRole::Total || role == SampleRole::Bucket || role == SampleRole::Count || role == SampleRole::Sum ||
         role == SampleRole::Native;
}

std::shared_ptr<const meters::Descriptor> describe_family(const wire::ExpositionFamily& family) {
  auto made = std::make_shared<meters::Descriptor>();
  made->name = family.name;
  made->prometheus_name = family.name;
  made->unit = family.unit;
  made->help = family.help;
  switch (family.type) {
    case ExpositionType::Counter: made->kind = Kind::Counter; break;
    case ExpositionType::Histogram: made->kind = Kind::Histogram; break;
    case ExpositionType::Summary: made->kind = Kind::Summary; break;
    default: made->kind = Kind::Gauge;
  }
  return made;
}

}  // namespace

std::shared_ptr<const ScrapeRules> ScrapeRules::make(const ScrapeConfig& config) {
  auto rules = std::make_shared<ScrapeRules>();
  rules->config = config;
  rules->relabel = rules_of(config.relabel);
  rules->metric_relabel = rules_of(config.metric_relabel);
  return rules;
}

ScrapeSeries::ScrapeSeries(std::shared_ptr<const ScrapeRules> rules, RelabelSet target_labels, SampleStream& stream)
    : rules_(std::move(rules)), target_labels_(std::move(target_labels)), stream_(stream) {}

void ScrapeSeries::use(std::shared_ptr<const ScrapeRules> rules) {
  if (rules == rules_) return;
  const auto naming = [](const ScrapeConfig& c) {
    return std::tie(c.honor_labels, c.metric_relabel, c.label_limit, c.label_name_length_limit, c.label_value_length_limit);
  };
  const bool same_names = naming(rules->config) == naming(rules_->config);
  rules_ = std::move(rules);
  if (same_names) return;
  for (const auto& [hash, known] : known_)
    if (known.live && !known.timed) replaced_.push_back(known);
  known_.clear();
  previous_ms_ = 0;  // what is met next is not new
}

void ScrapeSeries::merge_target_labels(RelabelSet& labels) const {
  for (const auto& [name, text] : target_labels_) {
    const auto there = labels.find(name);
    if (there == labels.end()) {
      labels.emplace(name, text);
    } else if (!rules_->config.honor_labels) {
      std::string moved = "exported_" + name;
      while (labels.contains(moved) || target_labels_.contains(moved)) moved.insert(0, "exported_");
      labels.emplace(std::move(moved), std::move(there->second));
      labels.insert_or_assign(name, text);
    }
  }
}

Result<void> ScrapeSeries::check_limits(const RelabelSet& labels) const {
  const ScrapeConfig& config = rules_->config;
  const auto over = [](std::size_t size, std::int64_t limit) { return limit > 0 && size > static_cast<std::size_t>(limit); };
  const auto refuse = [&](std::string_view what) {
    const auto name = labels.find("__name__");
    return Error{Fault::TooLarge, std::string(what) + ", metric \"" + (name == labels.end() ? "" : name->second) + '"'};
  };
  if (over(labels.size(), config.label_limit)) return refuse("label_limit: a series has " + std::to_string(labels.size()) + " labels");
  for (const auto& [name, text] : labels) {
    if (over(name.size(), config.label_name_length_limit)) return refuse("label_name_length_limit: label \"" + name + '"');
    if (over(text.size(), config.label_value_length_limit)) return refuse("label_value_length_limit: label \"" + name + '"');
  }
  return {};
}

// With the target's, before metric_relabel.
RelabelSet ScrapeSeries::labels_of(const wire::Exposition& scraped, const wire::ExpositionSample& sample) const {
  RelabelSet labels;
  for (const auto& [name, text] : scraped.labels_of(sample))
    if (!text.empty()) labels.emplace(name, text);
  merge_target_labels(labels);
  labels.insert_or_assign("__name__", std::string(sample.name));
  return labels;
}

ScrapeCounts ScrapeSeries::count(const wire::Exposition& part) const {
  ScrapeCounts counts;
  for (const wire::ExpositionSample& sample : part.samples) {
    ++counts.scraped;
    RelabelSet labels = labels_of(part, sample);
    if (relabel(rules_->metric_relabel, labels)) ++counts.kept;
  }
  return counts;
}

// A series that is seen for the first time: which it is, after all rules.
Result<void> ScrapeSeries::settle(const wire::Exposition& scraped, const wire::ExpositionSample& sample, Known& known) {
  RelabelSet labels = labels_of(scraped, sample);
  if (!relabel(rules_->metric_relabel, labels)) {
    known.dropped = true;
    return {};
  }
  const auto name = labels.find("__name__");
  if (name == labels.end()) return Error{Fault::Input, "metric_relabel leaves a series of \"" + std::string(sample.name) + "\" without a name"};
  if (auto fits = check_limits(labels); !fits) return fits.error();
  std::vector<BatchBuilder::Label> pairs;
  for (const auto& [label, text] : labels)
    if (label != "__name__") pairs.emplace_back(label, text);
  known.place = stream_.builder().place(name->second, pairs);
  ++placed_;
  if (name->second == sample.name) stream_.builder().describe(sample.name, of_family_[sample.family]->descriptor);
  return {};
}

Result<ScrapeSeries::Known*> ScrapeSeries::find(const wire::Exposition& scraped, const wire::ExpositionSample& sample) {
  const RawHash hash = series_hash(sample.name, scraped.labels_of(sample));
  if (const auto at = known_.find(hash); at != known_.end()) {
    if (of_family_[sample.family]->changed) stream_.builder().describe(sample.name, of_family_[sample.family]->descriptor);
    return &at->second;
  }
  Known known;
  if (auto settled = settle(scraped, sample, known); !settled) return settled.error();
  // It appears between two scrapes that were good.
  if (rules_->config.assume_zero && counts(sample.role, scraped.families[sample.family].type)) known.assumed_ms = previous_ms_;
  return &known_.emplace(hash, known).first->second;
}

void ScrapeSeries::describe(const wire::Exposition& scraped) {
  of_family_.clear();
  for (const wire::ExpositionFamily& family : scraped.families) {
    Described& described = described_[std::string(family.name)];
    auto now = describe_family(family);
    described.changed = described.descriptor && !(*described.descriptor == *now);
    if (!described.descriptor || described.changed) described.descriptor = std::move(now);
    of_family_.push_back(&described);
  }
}

Result<ScrapeCounts> ScrapeSeries::take(const wire::Exposition& scraped, std::int64_t time_ms, ScrapeCounts* read) {
  ScrapeCounts own;
  ScrapeCounts& counts = read != nullptr ? *read : own;
  counts = {};
  forget_old();
  ++scrape_;
  describe(scraped);
  found_.clear();
  natives_.clear();
  bool native = false;
  for (const wire::ExpositionSample& sample : scraped.samples) {
    ++counts.scraped;
    // A native histogram's classic buckets are the same observations again.
    if (sample.starts_metric) native = sample.role == SampleRole::Native;
    const bool again = native && sample.role != SampleRole::Native && !rules_->config.classic_histograms;
    if (again) {
      found_.push_back(nullptr);
      continue;
    }
    auto known = find(scraped, sample);
    if (!known) {
      fail(time_ms);
      return known.error();
    }
    found_.push_back((*known)->dropped ? nullptr : *known);
    if (found_.back() == nullptr) continue;
    ++counts.kept;
    if (sample.role != SampleRole::Native) continue;
    auto made = native_sample(scraped.histograms, scraped.histograms.all[sample.histogram]);
    if (!made) {
      fail(time_ms);
      return Error{Fault::Input, std::string(sample.name) + ": " + made.error().message};
    }
    natives_.resize(scraped.histograms.all.size());
    natives_[sample.histogram] = std::move(*made);
  }
  if (rules_->config.sample_limit > 0 && counts.kept > static_cast<std::uint64_t>(rules_->config.sample_limit)) {
    fail(time_ms);
    return Error{Fault::TooLarge, "sample_limit: the target has " + std::to_string(counts.kept) + " samples"};
  }
  stream_.builder().set_previous(previous_ms_);
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (found_[i] == nullptr) continue;
    if (!found_[i]->live) ++counts.added;
    if (!add(scraped, i, *found_[i], time_ms)) ++counts.ahead;
  }
  add_exemplars(scraped, time_ms);
  end_vanished(time_ms);
  end_replaced(time_ms);
  previous_ms_ = time_ms;
  return counts;
}

bool ScrapeSeries::add(const wire::Exposition& scraped, std::size_t index, Known& known, std::int64_t time_ms) {
  const wire::ExpositionSample& sample = scraped.samples[index];
  known.timed = sample.time_ms != wire::kNoTime && rules_->config.honor_timestamps;
  const std::int64_t time = known.timed ? sample.time_ms : time_ms;
  // The first of two that are one series after relabelling counts.
  if (known.scrape == scrape_ && !known.timed) return true;
  known.scrape = scrape_;
  known.live = true;
  // As Prometheus: it would keep all that comes later out.
  if (time > time_ms + kMostAheadMs) return false;
  const std::int64_t start_ms = sample.created_ms != 0 && sample.role != SampleRole::Created ? sample.created_ms : known.assumed_ms;
  if (sample.role == SampleRole::Native)
    stream_.builder().add(known.place, time, natives_[sample.histogram], start_ms);
  else
    stream_.builder().add(known.place, time, sample.value, start_ms);
  return true;
}

void ScrapeSeries::add_exemplars(const wire::Exposition& scraped, std::int64_t time_ms) {
  for (const wire::ExpositionExemplar& exemplar : scraped.exemplars) {
    const Known* known = found_[exemplar.sample];
    if (known == nullptr) continue;
    rules::SampleExemplar made;
    made.value = exemplar.value;
    made.time_ms = exemplar.time_ms == wire::kNoTime ? time_ms : exemplar.time_ms;
    for (const auto& [name, text] : scraped.labels_of(exemplar)) made.labels.emplace_back(name, text);
    stream_.builder().add_exemplar(known->place, std::move(made));
  }
}

// Who sets its own times says itself when it ends: it just stops.
void ScrapeSeries::end_vanished(std::int64_t time_ms) {
  for (auto& [hash, known] : known_) {
    if (!known.live || known.scrape == scrape_) continue;
    known.live = false;
    if (!known.timed) stream_.builder().add(known.place, time_ms, kStale);
  }
}

// What the rules before let live and these do not.
void ScrapeSeries::end_replaced(std::int64_t time_ms) {
  if (replaced_.empty()) return;
  const auto key = [](const Known& known) { return std::uint64_t{known.place.family} << 32 | known.place.row; };
  std::unordered_set<std::uint64_t> living;
  for (const auto& [hash, known] : known_)
    if (known.live) living.insert(key(known));
  for (const Known& known : replaced_)
    if (!living.contains(key(known))) stream_.builder().add(known.place, time_ms, kStale);
  replaced_.clear();
}

// Series that were not seen for long; and everything, when the stream remembers much more than there is.
void ScrapeSeries::forget_old() {
  if (placed_ > 4 * known_.size() + 10'000) {
    stream_.forget();
    known_.clear();
    replaced_.clear();
    described_.clear();
    reports_.clear();
    placed_ = 0;
    previous_ms_ = 0;  // what is met next is not new
  }
  if (scrape_ % kForgottenAfter != 0) return;
  std::erase_if(known_, [&](const auto& entry) {
    return !entry.second.live && !entry.second.dropped && scrape_ - entry.second.scrape > kForgottenAfter;
  });
}

void ScrapeSeries::fail(std::int64_t time_ms) {
  ++scrape_;
  end_vanished(time_ms);
  end_replaced(time_ms);
  previous_ms_ = 0;
}

void ScrapeSeries::report(std::int64_t time_ms, bool up, double seconds, const ScrapeCounts& counts) {
  static constexpr const char* kNames[] = {"up", "scrape_duration_seconds", "scrape_samples_scraped",
                                           "scrape_samples_post_metric_relabeling", "scrape_series_added"};
  if (reports_.empty()) {
    std::vector<BatchBuilder::Label> pairs(target_labels_.begin(), target_labels_.end());
    for (const char* name : kNames) reports_.push_back(stream_.builder().place(name, pairs));
  }
  const double values[] = {up ? 1.0 : 0.0, seconds, static_cast<double>(counts.scraped), static_cast<double>(counts.kept),
                           static_cast<double>(counts.added)};
  for (std::size_t i = 0; i < std::size(values); ++i) stream_.builder().add(reports_[i], time_ms, values[i]);
}

void ScrapeSeries::end(std::int64_t time_ms) {
  fail(time_ms);
  for (const auto place : reports_) stream_.builder().add(place, time_ms, kStale);
}

}  // namespace tocsin::agent
