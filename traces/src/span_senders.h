// SPDX-License-Identifier: Apache-2.0
// Who sends spans: a Sender for each job and instance with its request series, and a Profile for each resource as it
// was sent, with the label values that it gives. Guarded by SpanMeters' mutex.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "meters/snapshot.h"
#include "traces/span_meters.h"
#include "traces/src/request_table.h"

namespace tocsin::traces {

inline constexpr std::size_t kSides = 2;
constexpr std::size_t index_of(meters::Side side) noexcept { return static_cast<std::size_t>(side); }

struct SenderKey {
  std::string job, instance;
  std::vector<std::pair<std::string, std::string>> promoted;  // they are labels
  auto operator<=>(const SenderKey&) const = default;
};

struct Sender {
  std::shared_ptr<const meters::Origin> origin;  // of the resource that was seen last
  std::array<RequestTable, kSides> tables{RequestTable(meters::Side::Server), RequestTable(meters::Side::Rely)};
  std::array<bool, kSides> suppressed{};
  Monotonic last;  // when its last span came

  std::uint32_t rows() const noexcept { return tables[0].rows() + tables[1].rows(); }
};

struct Profile {
  std::shared_ptr<Sender> sender;
  std::uint64_t id = 0;  // never used twice
  std::string server_name, dc, server_host, app_id;
};

// What becomes of a resource that was not seen before; made without the lock.
struct NewProfile {
  SenderKey key;
  std::shared_ptr<const meters::Origin> origin;
  std::array<bool, kSides> suppressed{};
  Profile profile;
};

NewProfile describe_sender(const SpanResource& resource, const SpanMetersOptions& options);

class SpanSenders {
 public:
  // Null where the resource was not seen before. Valid until the next call that is not const.
  const Profile* find(const SpanResource& resource) const;
  // Null where there are too many senders.
  const Profile* add(const SpanResource& resource, NewProfile made, const SpanMetersOptions& options);
  // They are made again: what labels a resource gives has changed.
  void forget_profiles() noexcept;

  const std::map<SenderKey, std::shared_ptr<Sender>>& all() const noexcept { return senders_; }
  // Forgets senders without a series that sent nothing since.
  void forget_silent(Monotonic since);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  static constexpr std::size_t kProfileBytes = 16 * 1024 * 1024;

  std::map<SenderKey, std::shared_ptr<Sender>> senders_;
  std::unordered_map<std::string, Profile, TextHash, std::equal_to<>> profiles_;  // by the Resource message
  std::size_t profile_bytes_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace tocsin::traces
