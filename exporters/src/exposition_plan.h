// SPDX-License-Identifier: Apache-2.0
// What is exposed under which name: the families of a Snapshot by their final names, those of one name together, each
// with one type, help and unit. Made before the first byte is written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/exposition.h"
#include "exporters/src/repeat_finder.h"
#include "meters/series_identity.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

enum class SampleType : std::uint8_t { Counter, Gauge, Histogram, Summary, Info, Unknown };

// The type's name in OpenMetrics ("info", "unknown"); text 0.0.4 has "gauge" and "untyped" for these two.
std::string_view to_text(SampleType type) noexcept;

// What follows the family's name in its samples' names; a counter's name has its _total already.
std::vector<std::string_view> sample_suffixes(SampleType type);

// Samples' labels that belong to the format: "le", "quantile" or none.
std::string_view reserved_label(SampleType type) noexcept;

struct ExposedMember {
  const meters::Family* family = nullptr;
  meters::SeriesIdentity identity;
  bool may_repeat = false;  // its rows may have the same labels as each other's or another member's
};

struct ExposedFamily {
  std::string name;  // escaped; a counter's with _total where it has it
  SampleType type = SampleType::Gauge;
  std::string help;
  std::string unit;                    // empty unless the name ends with it (a counter's before _total)
  std::vector<ExposedMember> members;  // of this name and type, in the Snapshot's order
};

struct ExpositionPlan {
  std::vector<ExposedFamily> families;                           // by name
  std::vector<std::shared_ptr<const meters::Family>> generated;  // target_info
};

// Families without a live row, or that the filter does not take, are left out; those of another type than the first of
// their name too, and counted.
ExpositionPlan plan_exposition(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                               ExpositionReport& report);

// Which rows of an exposed family's members are shown. Ask for its members in their order. Costs a bit a row of a member,
// and where rows may repeat about 5 bytes a row of all members.
class RowGuard {
 public:
  RowGuard(const ExposedFamily& exposed, const ExpositionOptions& options, ExpositionReport& report)
      : exposed_(exposed), options_(options), report_(report) {}
  // One bit a row: ended, not asked for, or sent by an earlier member too. Empty where every row is to be shown.
  const std::vector<bool>& hidden_rows(const ExposedMember& member);

 private:
  void hide(meters::Row row, const ExposedMember& member);
  void hide_not_asked_for(const ExposedMember& member);
  void hide_repeated(const ExposedMember& member);
  void note_all();

  const ExposedFamily& exposed_;
  const ExpositionOptions& options_;
  ExpositionReport& report_;
  std::vector<bool> hidden_;
  std::optional<RepeatFinder> seen_;
};

void note_fault(ExpositionReport& report, std::string_view family, std::string_view what);

}  // namespace tocsin::exporters
