// SPDX-License-Identifier: Apache-2.0
#include "agent/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "wire/json_writer.h"

namespace tocsin::agent {

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
// Beyond them an event has one burst for all that it is about.
constexpr std::size_t kMostSubjects = 1'000;
constexpr std::array<std::string_view, 4> kColours{"\x1b[90m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};

std::string utc(Time time) {
  const std::int64_t ns = to_unix_ns(time);
  const std::time_t seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[40];
  const std::size_t size = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(ns / 1'000'000 % 1000));
  return std::string(buffer, size) + fraction;
}

// Whatever a peer sent must not move the cursor or colour the terminal, nor look like another field.
bool needs_quotes(std::string_view text) {
  const auto special = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f'; };
  return text.empty() || std::any_of(text.begin(), text.end(), special) || !is_utf8(text);
}

}  // namespace

Log::Log(LogOptions options, const Clock& clock)
    : options_(options),
      clock_(clock),
      json_(options.format == LogOptions::Format::Json ||
            (options.format == LogOptions::Format::Automatic && isatty(options.descriptor) == 0)),
      colour_(!json_ && isatty(options.descriptor) != 0),
      level_(options.level) {}

void Log::set_level(LogLevel level) {
  const std::lock_guard lock(mutex_);
  level_ = level;
}

std::uint64_t Log::held_back() const {
  const std::lock_guard lock(mutex_);
  return held_back_;
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept {
  try {
    std::uint64_t held_back = 0;
    {
      const std::lock_guard lock(mutex_);
      if (level < level_) return;
      const Monotonic now = clock_.monotonic();
      std::string subject(event);
      if (fields.size() != 0 && recent_.size() < kMostSubjects) subject.append(1, '\0').append(fields.begin()->value);
      auto at = recent_.find(subject);
      if (at == recent_.end()) at = recent_.emplace(std::move(subject), Recent{now, 0, 0}).first;
      Recent& recent = at->second;
      if (now - recent.window_start >= options_.window) {
        held_back = recent.held_back;
        recent = {now, 0, 0};
      }
      if (recent.written >= options_.burst) {
        ++recent.held_back;
        ++held_back_;
        return;
      }
      ++recent.written;
    }
    const std::string line = format(level, event, fields, held_back);
    // A log line that cannot be written has nowhere else to go.
    [[maybe_unused]] const auto written = ::write(options_.descriptor, line.data(), line.size());
  } catch (...) {  // out of memory: a lost line must not stop the program
  }
}

std::string Log::format(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
                        std::uint64_t held_back) const {
  const auto index = static_cast<std::size_t>(level);
  std::string line;
  if (json_) {
    wire::JsonWriter json(line);
    json.begin_object();
    json.field("time", utc(clock_.now()));
    json.field("level", kLevels[index]);
    json.field("event", event);
    for (const LogField& field : fields) json.field(field.name, field.value);
    if (held_back > 0) json.field("held_back", held_back);
    json.end();
    return line += '\n';
  }
  line += utc(clock_.now()).substr(11, 12);
  line += ' ';
  if (colour_) line += kColours[index];
  line += kLevels[index];
  if (colour_) line += "\x1b[0m";
  line.append(8 - kLevels[index].size(), ' ');
  line += event;
  for (const LogField& field : fields) {
    line += "  ";
    line += field.name;
    line += '=';
    if (needs_quotes(field.value)) {
      append_json_string(line, field.value);
    } else {
      line += field.value;
    }
  }
  if (held_back > 0) line += "  (" + std::to_string(held_back) + " more like this were held back)";
  return line += '\n';
}

}  // namespace tocsin::agent
