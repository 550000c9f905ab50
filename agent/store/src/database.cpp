// SPDX-License-Identifier: Apache-2.0
// The one place that knows sqlite3.h.
#include "agent/store/src/database.h"

#include <sqlite3.h>

#include <map>
#include <utility>

namespace tocsin::agent {
namespace {

class Connection final : public Database {
 public:
  ~Connection() override {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }

  bool open(const std::string& file, std::uint64_t max_bytes) {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (const int code = sqlite3_open_v2(file.c_str(), &handle_, kFlags, nullptr); code != SQLITE_OK) return fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, 500);
    // Exclusive: two agents on one data directory would tell every alert twice.
    const std::string pages = "PRAGMA max_page_count=" + std::to_string(max_bytes / 4096);
    for (const char* pragma : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                               "PRAGMA foreign_keys=OFF", "PRAGMA journal_size_limit=16777216", pages.c_str()}) {
      if (const int code = sqlite3_exec(handle_, pragma, nullptr, nullptr, nullptr); code != SQLITE_OK) return fail(code);
    }
    return true;
  }

  bool run(const char* sql, const Row& parameters) override {
    sqlite3_stmt* statement = prepared(sql);
    if (statement == nullptr) return false;
    bind(statement, parameters);
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW) code = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code == SQLITE_DONE || fail(code);
  }

  bool select(const char* sql, const std::function<void(Row)>& row) override {
    sqlite3_stmt* statement = prepared(sql);
    if (statement == nullptr) return false;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) row(read(statement));
    sqlite3_reset(statement);
    return code == SQLITE_DONE || fail(code);
  }

  const DatabaseError& fault() const override { return fault_; }

 private:
  bool fail(int code) {
    const int kind = code & 0xff;
    fault_.corrupt = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
    fault_.error = {Fault::Environment, kind == SQLITE_BUSY || kind == SQLITE_LOCKED
                                            ? "another process uses the database"
                                            : handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code)};
    return false;
  }

  sqlite3_stmt* prepared(const char* sql) {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr) {
      const int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
      if (code != SQLITE_OK) fail(code);
    }
    return statement;
  }

  static void bind(sqlite3_stmt* statement, const Row& parameters) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
        sqlite3_bind_int64(statement, at, *number);
      } else {
        const std::string& text = std::get<std::string>(parameters[i]);
        // Bound by address: the caller's row outlives the step. An empty blob must not be NULL.
        sqlite3_bind_blob64(statement, at, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC);
      }
    }
  }

  static Row read(sqlite3_stmt* statement) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (sqlite3_column_type(statement, i) == SQLITE_INTEGER) {
        row.emplace_back(std::int64_t{sqlite3_column_int64(statement, i)});
      } else {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
        row.emplace_back(bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
      }
    }
    return row;
  }

  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
  DatabaseError fault_;
};

}  // namespace

std::unique_ptr<Database> Database::open(const std::string& file, std::uint64_t max_bytes, DatabaseError& fault) {
  auto made = std::make_unique<Connection>();
  if (made->open(file, max_bytes)) return made;
  fault = made->fault();
  return nullptr;
}

}  // namespace tocsin::agent
