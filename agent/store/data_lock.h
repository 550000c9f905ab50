// SPDX-License-Identifier: Apache-2.0
// DataLock: that a data directory is one agent's alone: two would each write over the other's history.
//
//   auto lock = DataLock::take(data_dir);    // held while it lives, and given back when the process ends, however it ends
//
// Threads: a value. Costs an open file.
#pragma once

#include <memory>
#include <string>

#include "meters/base/result.h"

namespace tocsin::agent {

class DataLock {
 public:
  // Errors: Environment, where another process has it, with its number. A directory that cannot be made or written is no
  // error here: what is kept there says so. Null then, and without a directory.
  static Result<std::unique_ptr<DataLock>> take(const std::string& data_dir);

  explicit DataLock(int file) noexcept : file_(file) {}
  ~DataLock();
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;

 private:
  const int file_;
};

}  // namespace tocsin::agent
