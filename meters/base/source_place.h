// SPDX-License-Identifier: Apache-2.0
// SourcePlace: the file and line of a call, for errors that name where something was declared. As std::source_location,
// which the clang of the fuzz and lint builds (14) does not have.
//
//   void declare(std::string_view name, SourcePlace place = SourcePlace::current());
//
// Threads: a value; costs nothing.
#pragma once

#include <cstdint>

namespace tocsin {

class SourcePlace {
 public:
  constexpr SourcePlace() noexcept = default;
  static constexpr SourcePlace current(const char* file = __builtin_FILE(),
                                       std::uint_least32_t line = __builtin_LINE()) noexcept {
    return SourcePlace(file, line);
  }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr std::uint_least32_t line() const noexcept { return line_; }

 private:
  constexpr SourcePlace(const char* file, std::uint_least32_t line) noexcept : file_(file), line_(line) {}
  const char* file_ = "";
  std::uint_least32_t line_ = 0;
};

}  // namespace tocsin
