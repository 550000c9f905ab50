// SPDX-License-Identifier: Apache-2.0
// The functions of PromQL: name, types and a line of documentation, in one table.
//
//   const Signature* rate = find_function("rate");     // null where there is none
//   for (const Signature& function : functions()) ...  // by name
//
// Threads: immutable. Costs: a look-up is a binary search.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin::rules::promql {

enum class ValueType : std::uint8_t { None, Scalar, Vector, Matrix, String };

// As Prometheus' documentation calls it: "scalar", "instant vector", "range vector", "string".
std::string_view documented(ValueType type) noexcept;
// As its API calls it: "scalar", "vector", "matrix", "string".
std::string_view text_of(ValueType type) noexcept;

struct Signature {
  std::string_view name;
  std::array<ValueType, 5> types;  // of the arguments; None past the last
  // 0: all arguments must be given. n > 0: the last type may come 0 to n times. -1: 0 to any number of times.
  int variadic = 0;
  ValueType result = ValueType::Vector;
  bool experimental = false;
  std::string_view doc;

  int arity() const noexcept;  // types that are not None
  // The type the argument at this index must have; the last one's repeats.
  ValueType type_of(std::size_t index) const noexcept;
};

const Signature* find_function(std::string_view name) noexcept;
std::span<const Signature> functions() noexcept;

}  // namespace tocsin::rules::promql
