// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/silences.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>

namespace tocsin::agent {
namespace {

using rules::Silence;

constexpr auto kShownFor = std::chrono::hours{120};
constexpr std::size_t kMost = 10'000;

// A UUID of version 4, as Alertmanager gives.
std::string new_id() {
  std::random_device random;
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%04x%08x", random(), random() & 0xffff, random() & 0xfff,
                (random() & 0x3fff) | 0x8000, random() & 0xffff, random());
  return text;
}

}  // namespace

Result<void> Silences::load() {
  auto kept = store_.silences();
  if (!kept) return kept.error();
  {
    const std::lock_guard lock(mutex_);
    generation_ = store_.generation();
  }
  publish(*std::move(kept));
  return {};
}

Result<std::string> Silences::put(std::vector<rules::promql::Matcher> matchers, rules::SilenceFacts facts) {
  const std::lock_guard writing(writing_);
  const Time now = clock_.now();
  if (facts.ends_at <= now) return Error{Fault::Input, "a silence must end in the future"};
  std::vector<Silence> all = this->all();
  const auto before = std::find_if(all.begin(), all.end(), [&](const Silence& one) { return one.facts().id == facts.id; });
  if (!facts.id.empty()) {
    if (before == all.end()) return Error{Fault::Input, "there is no silence " + facts.id};
    if (before->facts().ends_at <= now) facts.id.clear();  // over: the same again is another
  }
  const bool fresh = facts.id.empty();
  if (fresh && all.size() >= kMost) return Error{Fault::Exhausted, "there are " + std::to_string(kMost) + " silences already"};
  if (fresh) facts.id = new_id();
  facts.created_at = now;
  const std::string id = facts.id;
  auto made = Silence::make(std::move(matchers), std::move(facts));
  if (!made) return made.error();
  if (auto stored = store_.put_silence(*made); !stored) return stored.error();
  if (!fresh) all.erase(before);
  all.push_back(*std::move(made));
  publish(std::move(all));
  return id;
}

Result<bool> Silences::expire(const std::string& id) {
  const std::lock_guard writing(writing_);
  const Time now = clock_.now();
  const auto found = find(id);
  if (!found || found->facts().ends_at <= now) return false;
  rules::SilenceFacts facts = found->facts();
  facts.ends_at = now;
  facts.starts_at = std::min(facts.starts_at, now - std::chrono::nanoseconds{1});
  auto over = Silence::make(found->matchers(), std::move(facts));
  if (!over) return over.error();
  if (auto stored = store_.put_silence(*over); !stored) return stored.error();
  std::vector<Silence> all = this->all();
  std::erase_if(all, [&](const Silence& one) { return one.facts().id == id; });
  all.push_back(*std::move(over));
  publish(std::move(all));
  return true;
}

void Silences::keep() {
  const std::uint64_t generation = store_.generation();
  const std::lock_guard writing(writing_);
  std::vector<Silence> all;
  {
    const std::lock_guard lock(mutex_);
    if (generation_ == generation) return;
    all = all_;
  }
  for (const Silence& one : all)
    if (!store_.put_silence(one)) return;  // tried again with the next call
  const std::lock_guard lock(mutex_);
  generation_ = generation;
}

void Silences::publish(std::vector<Silence> all) {
  const Time now = clock_.now();
  std::erase_if(all, [&](const Silence& one) {
    const bool old = one.facts().ends_at + kShownFor <= now;
    if (old) (void)store_.forget_silence(one.facts().id);  // when it fails it is forgotten the next time
    return old;
  });
  std::sort(all.begin(), all.end(), [](const Silence& a, const Silence& b) { return b.facts().created_at < a.facts().created_at; });
  std::vector<Silence> now_or_later;
  std::copy_if(all.begin(), all.end(), std::back_inserter(now_or_later), [&](const Silence& one) { return one.facts().ends_at > now; });
  {
    const std::lock_guard lock(mutex_);
    all_ = std::move(all);
  }
  changed_(std::move(now_or_later));
}

std::vector<Silence> Silences::all() const {
  const std::lock_guard lock(mutex_);
  return all_;
}

std::optional<Silence> Silences::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Silence& one) { return one.facts().id == id; });
  return found == all_.end() ? std::nullopt : std::optional(*found);
}

}  // namespace tocsin::agent
