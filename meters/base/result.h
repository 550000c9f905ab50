// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or an Error that says what went wrong and whose fault it was.
//
//   Result<int> parse_port(std::string_view text) {
//     if (text.empty()) return Error{Fault::Input, "port is empty"};
//     return 9464;
//   }
//
//   auto port = parse_port(text);
//   if (!port) return port.error();
//   use(*port);
//   use(parse_port("9464").value());     // where it cannot fail; if it does, a std::runtime_error says why
//
// Threads: a value type, as safe as T. Costs one T or one string; never allocates on success.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace tocsin {

// By cause, because the cause decides what the caller does (see docs/decisions/0001-errors-by-cause.md).
enum class Fault : std::uint8_t {
  Input,        // what came from outside is wrong: tell its sender, do not retry
  Unsupported,  // well formed, but not something we do
  TooLarge,     // over a size limit
  Exhausted,    // we are full now: the sender may retry later
  Environment,  // a socket, a disk, a peer: retry with a deadline
  Configuration,
  Cancelled,  // a deadline passed or a stop was asked for
};

struct Error {
  Fault fault = Fault::Input;
  std::string message;  // one sentence for a person, with the place where there is one; no trailing full stop
};

// Throws std::runtime_error with the error's message.
[[noreturn]] void throw_error(const Error& error);

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Where it is not ok(): throws std::runtime_error with the error's message.
  T& value() & { return check(), **this; }
  const T& value() const& { return check(), **this; }
  T&& value() && { return check(), *std::move(*this); }
  // Requires: ok().
  T& operator*() & noexcept { return assert(ok()), *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return assert(ok()), *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return &**this; }
  const T* operator->() const noexcept { return &**this; }

  T value_or(T fallback) && { return ok() ? *std::move(*this) : std::move(fallback); }

  // Requires: !ok().
  const Error& error() const& noexcept { return assert(!ok()), *std::get_if<1>(&state_); }
  Error&& error() && noexcept { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const {
    if (!ok()) throw_error(error());
  }
  std::variant<T, Error> state_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept : failed_(false) {}
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const& noexcept { return assert(failed_), error_; }
  Error&& error() && noexcept { return assert(failed_), std::move(error_); }

 private:
  Error error_;
  bool failed_;
};

}  // namespace tocsin
