// SPDX-License-Identifier: Apache-2.0
// Log: one line a fact, to stderr: text on a terminal, JSON otherwise. A fact that repeats is held back and counted.
//
//   Log log(LogOptions{});
//   log.info("listening", {{"listener", "otlp/http"}, {"address", "127.0.0.1:4318"}});
//   log.warning("export failed", {{"destination", name}, {"reason", error.message}});
//
// The event is a fixed text. Of one event about one thing, which its first field names, lines beyond `burst` in `window` are
// held back; how many is told with the next that is written, and by held_back().
// Threads: thread-safe; a line is one write(2). Costs a format and a write; never throws, never blocks on a slow reader
// longer than the write does.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "meters/base/clock.h"

namespace tocsin::agent {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

struct LogField {
  std::string_view name;
  std::string value;
};

struct LogOptions {
  LogLevel level = LogLevel::Info;
  enum class Format : std::uint8_t { Automatic, Text, Json } format = Format::Automatic;
  int descriptor = 2;
  unsigned burst = 5;
  std::chrono::seconds window{10};
};

class Log {
 public:
  explicit Log(LogOptions options, const Clock& clock = SystemClock::instance());

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Debug, event, fields); }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::Warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Error, event, fields); }

  void set_level(LogLevel level);

  // Lines that were held back since start.
  std::uint64_t held_back() const;

 private:
  struct Recent {
    Monotonic window_start;
    unsigned written = 0;
    std::uint64_t held_back = 0;
  };

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept;
  std::string format(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
                     std::uint64_t held_back) const;

  // Fixed after construction.
  const LogOptions options_;
  const Clock& clock_;
  const bool json_;
  const bool colour_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  LogLevel level_;
  std::map<std::string, Recent, std::less<>> recent_;  // by event and first value, a thousand; then by event
  std::uint64_t held_back_ = 0;
};

}  // namespace tocsin::agent
