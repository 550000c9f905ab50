// SPDX-License-Identifier: Apache-2.0
// Database: SQLite behind a type of ours: one connection, statements that are kept, errors as Results.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

using Cell = std::variant<std::int64_t, std::string>;  // texts are stored as blobs: any bytes
using Row = std::vector<Cell>;

struct DatabaseError {
  Error error;
  bool corrupt = false;  // the file itself is bad
};

class Database {
 public:
  // Opens or makes the file, alone: a second process is refused. `fault` is set on an error.
  static std::unique_ptr<Database> open(const std::string& file, std::uint64_t max_bytes, DatabaseError& fault);
  virtual ~Database() = default;

  // One statement, kept prepared by its text. False on an error, which error() then tells.
  virtual bool run(const char* sql, const Row& parameters = {}) = 0;
  virtual bool select(const char* sql, const std::function<void(Row)>& row) = 0;
  virtual const DatabaseError& fault() const = 0;
};

}  // namespace tocsin::agent
