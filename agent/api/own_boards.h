// SPDX-License-Identifier: Apache-2.0
// OwnBoards: a person's own dashboards, from the files that `dashboards.files` names, beside those in the program.
//
//   OwnBoards boards;
//   boards.set({"boards/*.json"}, "/etc/tocsin");        // at start and when the configuration is re-read
//   for (const OwnBoard& board : boards.look().boards) show(board.title);
//   boards.text("shop");                                 // the file as it is now
//
// Files are looked at when somebody asks: one that was edited is seen when the page is loaded again.
// Threads: thread-safe. Costs a stat a file at each look; what changed is read, 8 MiB at most.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/text_file.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct OwnBoard {
  std::string uid;  // the file's own, else made of its name; of letters, digits, "-" and "_", unlike any other's
  std::string title, description;
  std::string path;
  std::string fault;  // why it cannot be drawn; empty: it can be tried
};

class OwnBoards {
 public:
  struct Found {
    std::vector<OwnBoard> boards;        // by path
    std::vector<std::string> unmatched;  // patterns that no file matches
  };

  // Patterns are relative to `folder`.
  void set(std::vector<std::string> patterns, std::string folder);
  Found look();
  // Errors: Input: there is none of that uid, or it cannot be read.
  Result<std::string> text(std::string_view uid);

 private:
  struct Read {
    FileStamp stamp;
    OwnBoard board;  // its uid may be another's too
  };
  const OwnBoard& read(const std::string& path);

  std::mutex mutex_;
  // guarded by mutex_
  std::vector<std::string> patterns_;
  std::string folder_;
  std::map<std::string, Read> known_;  // by path
};

}  // namespace tocsin::agent
