// SPDX-License-Identifier: Apache-2.0
#include "agent/api/own_boards.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "agent/check/dashboard.h"
#include "agent/check/json_tree.h"
#include "agent/text_file.h"

namespace tocsin::agent {
namespace {

constexpr std::size_t kLargestBoard = std::size_t{8} << 20;  // what the page takes
constexpr std::size_t kLongestUid = 40;  // Grafana's

std::string uid_of(std::string_view text) {
  std::string uid;
  for (const char c : text.substr(0, kLongestUid)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    uid += fits ? c : '-';
  }
  return uid;
}

OwnBoard read_board(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  OwnBoard board{uid_of(std::filesystem::path(path).stem().string()), name, "", path, ""};
  const auto text = read_text_file(path, kLargestBoard);
  if (!text) {
    board.fault = text.error().message;
    return board;
  }
  const auto fault_at = [&](JsonPlace place, const std::string& message) {
    board.fault = path + ':' + std::to_string(place.line) + ':' + std::to_string(place.column) + ": " + message;
  };
  JsonPlace place;
  const auto tree = JsonTree::parse(*text, &place);
  if (!tree) {
    fault_at(place, tree.error().message);
    return board;
  }
  const DashboardReading reading = read_dashboard(*tree);
  if (!reading.uid.empty()) board.uid = uid_of(reading.uid);
  if (!reading.title.empty()) board.title = reading.title;
  board.description = reading.description;
  if (!reading.faults.empty()) fault_at(tree->place(reading.faults.front().first), reading.faults.front().second);
  return board;
}

}  // namespace

void OwnBoards::set(std::vector<std::string> patterns, std::string folder) {
  const std::lock_guard lock(mutex_);
  patterns_ = std::move(patterns);
  folder_ = std::move(folder);
}

const OwnBoard& OwnBoards::read(const std::string& path) {
  const FileStamp stamp = stamp_of(path);
  auto [known, fresh] = known_.try_emplace(path);
  if (fresh || !(known->second.stamp == stamp)) known->second = {stamp, read_board(path)};
  return known->second.board;
}

OwnBoards::Found OwnBoards::look() {
  const std::lock_guard lock(mutex_);
  Found found;
  std::set<std::string> paths;
  for (const std::string& pattern : patterns_) {
    const std::vector<std::string> files = files_at(pattern, folder_);
    if (files.empty()) found.unmatched.push_back(pattern);
    paths.insert(files.begin(), files.end());
  }
  std::erase_if(known_, [&](const auto& entry) { return !paths.contains(entry.first); });
  std::map<std::string, std::string> owners;  // of uids
  for (const std::string& path : paths) {
    OwnBoard board = read(path);
    const std::string uid = board.uid;
    if (const auto owner = owners.find(uid); owner != owners.end() && board.fault.empty())
      board.fault = "its uid \"" + uid + "\" is that of " + owner->second;
    for (int i = 2; !owners.try_emplace(board.uid, path).second; ++i) board.uid = uid + '-' + std::to_string(i);
    found.boards.push_back(std::move(board));
  }
  return found;
}

Result<std::string> OwnBoards::text(std::string_view uid) {
  const Found found = look();
  const auto board = std::ranges::find(found.boards, uid, &OwnBoard::uid);
  if (board == found.boards.end()) return Error{Fault::Input, "no file of dashboards.files has the uid \"" + std::string(uid) + '"'};
  return read_text_file(board->path, kLargestBoard);
}

}  // namespace tocsin::agent
