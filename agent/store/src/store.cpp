// SPDX-License-Identifier: Apache-2.0
#include "agent/store/store.h"

#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "agent/store/src/database.h"
#include "agent/store/src/rows.h"
#include "rules/memory_store.h"

namespace tocsin::agent {
namespace {

using rules::StateChange;

constexpr std::int64_t kSchema = 1;

constexpr const char* kTables[] = {
    "CREATE TABLE IF NOT EXISTS alert(key BLOB PRIMARY KEY, rule BLOB, labels BLOB, annotations BLOB, phase INTEGER,"
    " value INTEGER, active_at INTEGER, fired_at INTEGER, resolved_at INTEGER, keep_firing_since INTEGER,"
    " missing_since INTEGER, last_sent_at INTEGER) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS alert_rule ON alert(rule)",
    "CREATE TABLE IF NOT EXISTS outbox(key BLOB PRIMARY KEY, rule BLOB, labels BLOB, annotations BLOB, generator_url BLOB,"
    " value INTEGER, starts_at INTEGER, ends_at INTEGER, end_reason BLOB, updated_at INTEGER, valid_for INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS told(key BLOB, receiver BLOB, firing_at INTEGER, resolved_at INTEGER, gave_up_at INTEGER,"
    " reason BLOB, PRIMARY KEY(key, receiver)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS silence(id BLOB PRIMARY KEY, matchers BLOB, starts_at INTEGER, ends_at INTEGER,"
    " created_at INTEGER, author BLOB, comment BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS counts(key BLOB PRIMARY KEY, objective BLOB, labels BLOB, counted BLOB, state BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS fact(name BLOB PRIMARY KEY, text BLOB) WITHOUT ROWID",
};

std::size_t rows_of(const StateChange& change) {
  return change.alerts.size() + change.over.size() + change.outbox.size() + change.told.size() + change.done.size() +
         change.rules_gone.size() + change.counts.size();
}

class SqliteStore final : public Store {
 public:
  SqliteStore(StoreOptions options, Log& log, const Clock& clock) : options_(std::move(options)), log_(log), clock_(clock) {}

  Result<void> start() {
    std::error_code code;
    const auto folder = std::filesystem::path(options_.file).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, code);
    if (code) return Error{Fault::Environment, "cannot make " + folder.string() + ": " + code.message()};
    const std::lock_guard lock(mutex_);
    return open_or_begin_anew();
  }

  std::uint64_t generation() const override {
    const std::lock_guard lock(mutex_);
    return generation_;
  }

  StoreStats stats() const override {
    const std::lock_guard lock(mutex_);
    StoreStats stats = stats_;
    stats.waiting_rows = rows_of(waiting_.change());
    std::error_code code;
    const auto size = std::filesystem::file_size(options_.file, code);
    stats.bytes = code ? 0 : size;
    return stats;
  }

  Result<void> commit(const StateChange& change) override {
    const std::lock_guard lock(mutex_);
    if (change.empty() && waiting_.empty()) return {};
    Result<void> written = {};
    if (waiting_.empty()) {
      written = write(change);
    } else {
      waiting_.add(change);
      written = write(waiting_.change());
    }
    if (written) {
      waiting_ = {};
      return {};
    }
    if (waiting_.empty()) waiting_.add(change);
    return written;
  }

  Result<std::vector<rules::AlertState>> alerts() const override {
    return read<rules::AlertState>("SELECT rule, labels, annotations, phase, value, active_at, fired_at, resolved_at,"
                                   " keep_firing_since, missing_since, last_sent_at FROM alert", alert_of);
  }
  Result<std::vector<rules::OutboxRow>> outbox() const override {
    return read<rules::OutboxRow>("SELECT * FROM outbox", outbox_of);
  }
  Result<std::vector<rules::ToldRecord>> told() const override { return read<rules::ToldRecord>("SELECT * FROM told", told_of); }
  Result<std::vector<rules::KeptCounts>> counts() const override {
    return read<rules::KeptCounts>("SELECT objective, labels, counted, state FROM counts", counts_of);
  }
  Result<std::vector<rules::Silence>> silences() const override { return read<rules::Silence>("SELECT * FROM silence", silence_of); }

  Result<void> put_silence(const rules::Silence& silence) override {
    return one("INSERT OR REPLACE INTO silence VALUES(?,?,?,?,?,?,?)", to_row(silence));
  }
  Result<void> forget_silence(const std::string& id) override { return one("DELETE FROM silence WHERE id=?", {id}); }
  Result<void> put_fact(const std::string& name, const std::string& text) override {
    return one("INSERT OR REPLACE INTO fact VALUES(?,?)", {name, text});
  }
  Result<std::string> fact(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    std::string out;
    const bool good = database_->select("SELECT name, text FROM fact", [&](const Row& row) {
      if (std::get<std::string>(row[0]) == name) out = std::get<std::string>(row[1]);
    });
    return good ? Result<std::string>(std::move(out)) : database_->fault().error;
  }

 private:
  // Guarded by mutex_, all of them.

  bool make_tables(DatabaseError& fault) {
    std::int64_t version = 0;
    bool sound = false;
    const bool read = database_->select("PRAGMA user_version", [&](const Row& row) { version = std::get<std::int64_t>(row[0]); }) &&
                      database_->select("PRAGMA quick_check(1)", [&](const Row& row) {
                        const auto* text = std::get_if<std::string>(&row[0]);
                        sound = text != nullptr && *text == "ok";
                      });
    if (!read) return fault = database_->fault(), false;
    if (!sound) return fault = {{Fault::Environment, "it does not pass its own check"}, true}, false;
    if (version > kSchema) {
      return fault = {{Fault::Environment, "it is of a newer version (" + std::to_string(version) + ")"}, true}, false;
    }
    bool good = database_->run("BEGIN IMMEDIATE");
    for (const char* table : kTables) good = good && database_->run(table);
    good = good && database_->run(("PRAGMA user_version=" + std::to_string(kSchema)).c_str()) && database_->run("COMMIT");
    if (!good) fault = database_->fault(), database_->run("ROLLBACK");
    return good;
  }

  bool open_once(DatabaseError& fault) {
    database_ = Database::open(options_.file, options_.max_bytes, fault);
    if (database_ && make_tables(fault)) return true;
    database_.reset();
    return false;
  }

  Result<void> open_or_begin_anew() {
    DatabaseError fault;
    if (open_once(fault)) return {};
    if (fault.corrupt) {
      if (auto moved = put_aside(fault.error.message); !moved) return moved;
      if (open_once(fault)) return {};
    }
    return Error{Fault::Environment, "cannot use " + options_.file + ": " + fault.error.message};
  }

  Result<void> put_aside(const std::string& reason) {
    database_.reset();
    const std::string as = options_.file + ".bad-" + std::to_string(to_unix_ns(clock_.now()) / 1'000'000);
    std::error_code code;
    std::filesystem::rename(options_.file, as, code);
    if (code) return Error{Fault::Environment, "cannot put " + options_.file + " aside: " + code.message()};
    for (const char* ending : {"-wal", "-shm"}) {
      std::error_code ignored;  // there need not be one
      std::filesystem::rename(options_.file + ending, as + ending, ignored);
    }
    ++stats_.put_aside;
    stats_.put_aside_as = as;
    log_.error("alert state could not be used and was put aside", {{"file", options_.file}, {"as", as}, {"reason", reason}});
    return {};
  }

  bool write_rows(const StateChange& change) {
    bool good = database_->run("BEGIN IMMEDIATE");
    const auto each = [&](const auto& all, const char* sql, auto row) {
      for (const auto& one : all) good = good && database_->run(sql, row(one));
    };
    const auto key = [](const std::string& text) { return Row{text}; };
    const auto row = [](const auto& one) { return to_row(one); };
    each(change.rules_gone, "DELETE FROM alert WHERE rule=?", key);
    each(change.alerts, "INSERT OR REPLACE INTO alert VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", row);
    each(change.over, "DELETE FROM alert WHERE key=?", [](const rules::AlertKey& one) { return Row{alert_key(one.rule, one.labels)}; });
    each(change.outbox, "INSERT OR REPLACE INTO outbox VALUES(?,?,?,?,?,?,?,?,?,?,?)", row);
    each(change.told, "INSERT OR REPLACE INTO told VALUES(?,?,?,?,?,?)", row);
    each(change.done, "DELETE FROM outbox WHERE key=?", key);
    each(change.done, "DELETE FROM told WHERE key=?", key);
    for (const rules::KeptCounts& one : change.counts) {
      const char* const sql = one.state.empty() ? "DELETE FROM counts WHERE key=?" : "INSERT OR REPLACE INTO counts VALUES(?,?,?,?,?)";
      good = good && database_->run(sql, one.state.empty() ? Row{counts_key(one)} : to_row(one));
    }
    return good && database_->run("COMMIT");
  }

  Result<void> write(const StateChange& change) {
    if (!database_) {
      // It was put aside and could not be begun anew: perhaps now.
      if (auto opened = open_or_begin_anew(); !opened) return failed(opened.error());
    }
    if (write_rows(change)) return succeeded();
    const DatabaseError fault = database_->fault();
    database_->run("ROLLBACK");
    if (!fault.corrupt) return failed(fault.error);
    ++generation_;
    if (auto moved = put_aside(fault.error.message); !moved) return failed(moved.error());
    if (auto opened = open_or_begin_anew(); !opened) return failed(opened.error());
    return write_rows(change) ? succeeded() : failed(database_->fault().error);
  }

  Result<void> succeeded() {
    ++stats_.commits;
    if (!stats_.last_failure.empty()) log_.info("alert state is written again", {{"file", options_.file}});
    stats_.last_failure.clear();
    return {};
  }
  Result<void> failed(const Error& error) {
    ++stats_.failed_commits;
    if (stats_.last_failure != error.message) {
      log_.error("alert state cannot be written; alerts are told all the same", {{"file", options_.file}, {"reason", error.message}});
    }
    stats_.last_failure = error.message;
    return error;
  }

  Result<void> one(const char* sql, const Row& row) {
    const std::lock_guard lock(mutex_);
    if (!database_) return failed({Fault::Environment, "there is no database"});
    if (database_->run(sql, row)) return succeeded();
    return failed(database_->fault().error);
  }

  template <class T>
  Result<std::vector<T>> read(const char* sql, std::optional<T> (*convert)(const Row&)) const {
    const std::lock_guard lock(mutex_);
    std::vector<T> out;
    std::size_t bad = 0;
    if (!database_) return Error{Fault::Environment, "there is no database"};
    const bool good = database_->select(sql, [&](const Row& row) {
      if (auto value = convert(row)) out.push_back(*std::move(value));
      else ++bad;
    });
    if (!good) return database_->fault().error;
    if (bad > 0) log_.warning("rows of the alert state could not be read", {{"rows", std::to_string(bad)}, {"query", sql}});
    return out;
  }

  // Fixed after construction.
  const StoreOptions options_;
  Log& log_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::unique_ptr<Database> database_;
  rules::MergedChange waiting_;
  StoreStats stats_;
  std::uint64_t generation_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, Log& log, const Clock& clock) {
  auto store = std::make_unique<SqliteStore>(std::move(options), log, clock);
  if (auto started = store->start(); !started) return started.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace tocsin::agent
