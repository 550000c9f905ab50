// SPDX-License-Identifier: Apache-2.0
#include "meters/meter.h"

#include <cmath>

#include "meters/src/epoch.h"
#include "meters/src/family_core.h"

namespace tocsin::meters::detail {

constinit Cell nowhere_shared[4]{};

void count_drop(FamilyCore* family, Drop reason) noexcept {
  if (family != nullptr) family->ledger().count(reason);
}

void count_drop(FamilyCore* family, double value) noexcept {
  count_drop(family, std::isnan(value) ? Drop::NotANumber : std::isinf(value) ? Drop::Infinite : Drop::Negative);
}

void BoundRow::retain(const RowPlace& place) noexcept { place.family->retain_row(place.slot); }
void BoundRow::release(const RowPlace& place) noexcept { place.family->release_row(place.slot); }

FamilyRef::FamilyRef(const FamilyRef& other) noexcept : core_(other.core_) {
  if (core_ != nullptr) core_->retain();
}

FamilyRef::~FamilyRef() {
  if (core_ != nullptr) core_->release();
}

RowLookUp::RowLookUp(FamilyCore* family, std::span<const std::string_view> labels) noexcept : epoch_(enter_epoch()) {
  if (family == nullptr) return;
  if (const auto slot = family->look_up(labels)) family->place(*slot, place_);
}

void RowLookUp::leave_without_arena() noexcept { leave_epoch(nullptr); }

BoundRow RowLookUp::bind() const noexcept {
  if (place_.family == nullptr) return {};
  place_.family->retain_row(place_.slot);
  return BoundRow(place_);
}

void declare_row(FamilyCore* family, std::span<const std::string_view> labels) noexcept {
  if (family != nullptr) family->declare(labels);
}

const Descriptor& descriptor_of(const FamilyCore* family) noexcept { return family->setup().descriptor; }

}  // namespace tocsin::meters::detail
