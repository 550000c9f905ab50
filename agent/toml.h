// SPDX-License-Identifier: Apache-2.0
// TOML, read so that every mistake is told at once, each with file, line and column and, for a near miss, a suggestion.
//
//   TomlFaults faults;
//   TomlTable root = parse_toml(text, "tocsin.toml", faults);
//   TomlTable http = root.table("http");
//   http.read("listen", config.listen);          // wrong type: a fault; absent: left as it is
//   root.finish();                               // every key that nobody asked for is a fault
//   if (!faults.empty()) print(faults);
//
// Threads: one. Parsing costs what toml11 costs (about 1 ms for 1,000 lines); it is done at start, reload and check.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::agent {

struct TomlPlace {
  std::string file;
  std::size_t line = 0;    // from 1; 0: no place, as for a setting of the command line
  std::size_t column = 0;  // from 1
};

struct TomlFault {
  TomlPlace place;
  std::string message;
  std::string text() const;  // "tocsin.toml:12:1: unknown key \"intervall\" in [export]; did you mean \"interval\"?"
};

using TomlFaults = std::vector<TomlFault>;

class TomlTable {
 public:
  TomlTable();
  ~TomlTable();
  TomlTable(TomlTable&&) noexcept;
  TomlTable& operator=(TomlTable&&) noexcept;

  // Each leaves `into` as it is where the key is absent or its value is wrong (which is a fault), and says whether it
  // was read. Integers have a range; durations and sizes are texts with a unit (see meters/base/quantity.h).
  bool read(std::string_view key, std::string& into);
  bool read(std::string_view key, bool& into);
  bool read(std::string_view key, double& into);
  bool read(std::string_view key, std::int64_t& into, std::int64_t least, std::int64_t most);
  bool read(std::string_view key, std::vector<std::string>& into);
  bool read(std::string_view key, std::vector<double>& into);
  bool read(std::string_view key, std::map<std::string, std::string>& into);  // a table of texts
  bool read_duration(std::string_view key, std::chrono::nanoseconds& into, std::chrono::nanoseconds least,
                     std::chrono::nanoseconds most);
  bool read_date(std::string_view key, std::chrono::year_month_day& into);  // 2027-03-01
  bool read_bytes(std::string_view key, std::uint64_t& into, std::uint64_t least, std::uint64_t most);
  // One of `words`, by its index.
  bool read_choice(std::string_view key, std::size_t& into, const std::vector<std::string_view>& words);

  bool has(std::string_view key) const;
  // An empty table where the key is absent or no table (which is a fault).
  TomlTable table(std::string_view key);
  // [[key]]; also one [key].
  std::vector<TomlTable> tables(std::string_view key);
  // Every key of this table, in the file's order, each with its table; for tables whose keys are names.
  std::vector<std::pair<std::string, TomlTable>> named_tables();

  TomlPlace place() const;                      // of the table
  TomlPlace place(std::string_view key) const;  // of the value
  void fault(std::string_view key, std::string message);

  // Every key that was asked for at or below this table, as "section.key", sorted: what documentation must name.
  std::vector<std::string> known_keys() const;

  // Faults for every key below this table that was never asked for. Call once, on the root, after reading.
  void finish();

 private:
  struct Node;
  friend TomlTable parse_toml(std::string_view, const std::string&, TomlFaults&);
  friend void set_toml(TomlTable&, std::string_view, TomlFaults&);
  explicit TomlTable(std::shared_ptr<Node> node);
  std::shared_ptr<Node> node_;
};

// A syntax error is one fault and an empty table. At most 8 MiB and 64 levels of nesting.
TomlTable parse_toml(std::string_view text, const std::string& file, TomlFaults& faults);

// Applies "section.key=value" over what the file says: the value as TOML, else as text. For `--set`.
void set_toml(TomlTable& root, std::string_view assignment, TomlFaults& faults);

}  // namespace tocsin::agent
