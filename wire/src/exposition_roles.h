// SPDX-License-Identifier: Apache-2.0
// Which samples a metric family has, by its type: suffix and role.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "wire/exposition_parser.h"

namespace tocsin::wire {

struct RoleSuffix {
  std::string_view suffix;
  SampleRole role;
};

// Of OpenMetrics 1.0.
std::span<const RoleSuffix> open_metrics_suffixes(ExpositionType type) noexcept;
// Of text 0.0.4, in which a counter is named as its family.
std::span<const RoleSuffix> text_suffixes(ExpositionType type) noexcept;

// The role of `sample` in `family`; nothing where that name is not one of its samples.
std::optional<SampleRole> role_of(std::string_view sample, std::string_view family,
                                  std::span<const RoleSuffix> suffixes) noexcept;

// The word after TYPE. Nothing where it is none.
std::optional<ExpositionType> open_metrics_type(std::string_view word) noexcept;
std::optional<ExpositionType> text_type(std::string_view word) noexcept;

// The label that tells the parts of one metric apart ("le", "quantile"); empty for other roles.
std::string_view bound_label(SampleRole role) noexcept;

// Reads the bound of a bucket or quantile and writes its text as it is kept. Null: the label is not there.
ExpositionLabel* find_label(Exposition& in, const ExpositionSample& sample, std::string_view name) noexcept;

}  // namespace tocsin::wire
