// SPDX-License-Identifier: Apache-2.0
// Files as texts, and by pattern.
//
//   for (const std::string& path : files_at("rules/*.yml", folder)) texts.push_back(read_text_file(path, 16U << 20U));
//
// Threads: all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

// Errors: Fault::Configuration where it cannot be read (which, why) or is larger than `most` bytes.
Result<std::string> read_text_file(const std::string& file, std::size_t most);
// The same for those who say themselves which file it is: the error says why alone.
Result<std::string> text_of_file(const std::string& file, std::size_t most);

// The files that a glob(7) pattern names, relative to `folder` where it is not absolute; sorted. Folders and links to nothing are
// among them, so that whoever reads them tells of them; sockets, pipes and devices are not.
std::vector<std::string> files_at(const std::string& pattern, const std::string& folder);

// By which a change is seen. All 0 where there is no such file.
struct FileStamp {
  std::int64_t modified_ns = 0, size = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};
FileStamp stamp_of(const std::string& path) noexcept;

// Leaves a file that holds just this as it is, so that nothing that depends on it is built again; makes the folder.
// True where it wrote. Errors: Fault::Configuration where it cannot.
Result<bool> write_text_file(const std::string& file, std::string_view text);

}  // namespace tocsin::agent
