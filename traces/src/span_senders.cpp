// SPDX-License-Identifier: Apache-2.0
#include "traces/src/span_senders.h"

#include <algorithm>
#include <initializer_list>

#include "meters/base/text.h"
#include "meters/identity.h"

namespace tocsin::traces {

namespace {

constexpr std::size_t kMaxTextBytes = 128;
// What is kept of a sender's resource for target_info: its spans are sent on with all of it.
constexpr std::size_t kMaxAttributeBytes = 1024, kMaxResourceBytes = 16 * 1024;

void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit) return;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

void bound(meters::Resource& resource) {
  std::size_t bytes = 0;
  std::erase_if(resource.attributes, [&](const meters::Attribute& attribute) {
    const std::size_t size = attribute.key.size() + meters::to_text(attribute.value).size();
    if (size > kMaxAttributeBytes || bytes + size > kMaxResourceBytes) return true;
    bytes += size;
    return false;
  });
  for (auto& [label, text] : resource.promoted) cut(text, kMaxAttributeBytes);
  cut(resource.job, kMaxAttributeBytes);
  cut(resource.instance, kMaxAttributeBytes);
  cut(resource.schema_url, kMaxAttributeBytes);
}

// The first of these attributes that is there, as a label shows it.
std::string first_of(const meters::Attributes& attributes, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (key.empty()) continue;
    std::string text = to_utf8(meters::text_of(attributes, key));
    cut(text, kMaxTextBytes);
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

const Profile* SpanSenders::find(const SpanResource& resource) const {
  const auto found = profiles_.find(resource.bytes);
  return found == profiles_.end() ? nullptr : &found->second;
}

NewProfile describe_sender(const SpanResource& resource, const SpanMetersOptions& options) {
  const meters::Attributes& attributes = *resource.attributes;
  auto identity = std::make_shared<meters::Resource>(
      meters::identify(attributes, to_utf8(resource.schema_url), options.promoted, options.names));
  bound(*identity);
  NewProfile made;
  made.key = {identity->job, identity->instance, identity->promoted};
  Profile& profile = made.profile;
  profile.server_name = first_of(attributes, {"service.name"});
  if (profile.server_name.empty()) profile.server_name = meters::kUnknownService;
  if (options.service_namespace) {
    const std::string space = first_of(attributes, {"service.namespace"});
    if (!space.empty()) profile.server_name = space + '/' + profile.server_name;
  }
  profile.dc = first_of(attributes, {options.dc_attribute, "deployment.environment.name", "deployment.environment",
                                     "cloud.availability_zone"});
  profile.server_host = first_of(attributes, {options.server_host_attribute});
  profile.app_id = first_of(attributes, {options.app_id_attribute});
  auto origin = std::make_shared<meters::Origin>();
  origin->via = meters::Via::Spans;
  origin->resource = std::move(identity);
  made.origin = std::move(origin);
  return made;
}

const Profile* SpanSenders::add(const SpanResource& resource, NewProfile made, const SpanMetersOptions& options) {
  auto sender = senders_.find(made.key);
  if (sender == senders_.end()) {
    if (senders_.size() >= options.max_senders) return nullptr;
    sender = senders_.emplace(std::move(made.key), std::make_shared<Sender>()).first;
    sender->second->suppressed = made.suppressed;
  }
  sender->second->origin = std::move(made.origin);
  // A sender whose resource differs from request to request: its profiles are made again, its series stay.
  if (profiles_.size() >= 4 * std::size_t{options.max_senders} ||
      profile_bytes_ + resource.bytes.size() > kProfileBytes)
    forget_profiles();
  made.profile.sender = sender->second;
  made.profile.id = ++last_id_;
  const auto [profile, added] = profiles_.insert_or_assign(std::string(resource.bytes), std::move(made.profile));
  if (added) profile_bytes_ += resource.bytes.size();
  return &profile->second;
}

void SpanSenders::forget_profiles() noexcept {
  profiles_.clear();
  profile_bytes_ = 0;
}

void SpanSenders::forget_silent(Monotonic since) {
  const std::size_t before = senders_.size();
  std::erase_if(senders_, [&](const auto& entry) { return entry.second->rows() == 0 && entry.second->last < since; });
  if (senders_.size() == before) return;
  // Only profiles hold a forgotten sender now.
  std::erase_if(profiles_, [&](const auto& entry) {
    const bool gone = entry.second.sender->rows() == 0 && entry.second.sender->last < since;
    if (gone) profile_bytes_ -= entry.first.size();
    return gone;
  });
}

}  // namespace tocsin::traces
