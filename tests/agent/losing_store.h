// SPDX-License-Identifier: Apache-2.0
// A store whose database is of no use from one moment on, as one that is corrupt: lose() puts it aside, and it begins anew.
#pragma once

#include <atomic>
#include <memory>

#include "rules/memory_store.h"

namespace tocsin::agent {

class LosingStore final : public rules::StateStore {
 public:
  void fail(bool failing) { failing_ = failing; }  // silences are not taken
  void lose() {
    kept_ = std::make_shared<rules::MemoryStore>();
    ++lost_;
  }

  std::uint64_t generation() const override { return lost_; }
  Result<void> commit(const rules::StateChange& change) override { return kept()->commit(change); }
  Result<std::vector<rules::AlertState>> alerts() const override { return kept()->alerts(); }
  Result<std::vector<rules::OutboxRow>> outbox() const override { return kept()->outbox(); }
  Result<std::vector<rules::ToldRecord>> told() const override { return kept()->told(); }
  Result<std::vector<rules::KeptCounts>> counts() const override { return kept()->counts(); }
  Result<void> put_silence(const rules::Silence& silence) override {
    if (failing_) return Error{Fault::Environment, "told to fail"};
    return kept()->put_silence(silence);
  }
  Result<void> forget_silence(const std::string& id) override { return kept()->forget_silence(id); }
  Result<std::vector<rules::Silence>> silences() const override { return kept()->silences(); }
  Result<void> put_fact(const std::string& name, const std::string& text) override { return kept()->put_fact(name, text); }
  Result<std::string> fact(const std::string& name) const override { return kept()->fact(name); }

 private:
  std::shared_ptr<rules::MemoryStore> kept() const { return kept_; }

  std::atomic<std::shared_ptr<rules::MemoryStore>> kept_{std::make_shared<rules::MemoryStore>()};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> failing_{false};
};

}  // namespace tocsin::agent
