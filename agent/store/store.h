// SPDX-License-Identifier: Apache-2.0
// Store: the StateStore over SQLite: alert states, the outbox, what was told, silences, counts, in one file of the data directory.
//
//   auto store = Store::open({.file = data_dir + "/state.db"}, log, clock);
//   if (!store) ...                     // nothing can be written there: MemoryStore, and say so
//   (*store)->commit(change);           // durable when it returns
//
// WAL, synchronous FULL, one transaction a commit. A database that is corrupt, or from a newer version, is put aside under
// another name, told, and begun anew. A commit that fails (disk full) is counted and written with the next one.
// Threads: thread-safe; one connection under one lock. Costs: an fsync a commit, about 10 us a row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/log.h"
#include "meters/base/clock.h"
#include "rules/state_store.h"

namespace tocsin::agent {

struct StoreOptions {
  std::string file;                             // its directory is made where it is missing
  std::uint64_t max_bytes = std::uint64_t{1} << 30;  // of the database; beyond it commits fail as on a full disk
};

struct StoreStats {
  std::uint64_t commits = 0, failed_commits = 0;
  std::uint64_t put_aside = 0;       // databases that could not be used
  std::uint64_t waiting_rows = 0;    // of failed commits, to be written with the next one
  std::uint64_t bytes = 0;           // of the database file
  std::string last_failure;          // empty: the last commit succeeded
  std::string put_aside_as;          // the file, when it happened
};

class Store : public rules::StateStore {
 public:
  // Errors: Environment: the directory or the file cannot be made, or another agent uses it.
  static Result<std::unique_ptr<Store>> open(StoreOptions options, Log& log, const Clock& clock);
  virtual StoreStats stats() const = 0;
};

}  // namespace tocsin::agent
