// SPDX-License-Identifier: Apache-2.0
#include "agent/text_file.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace tocsin::agent {

namespace fs = std::filesystem;

Result<std::string> text_of_file(const std::string& file, std::size_t most) {
  const auto wrong = [](std::string why) { return Error{Fault::Configuration, std::move(why)}; };
  std::error_code fault;
  if (fs::is_directory(file, fault)) return wrong("is a folder");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return wrong(std::strerror(errno == 0 ? EIO : errno));
  std::string text;
  std::array<char, std::size_t{64} * 1024> piece;
  do {
    stream.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream && text.size() <= most);
  if (stream.bad()) return wrong("cannot be read");
  if (text.size() > most) return wrong("larger than " + std::to_string(most >> 20U) + " MiB");
  return text;
}

Result<std::string> read_text_file(const std::string& file, std::size_t most) {
  auto text = text_of_file(file, most);
  if (!text) return Error{text.error().fault, file + ": " + text.error().message};
  return text;
}

std::vector<std::string> files_at(const std::string& pattern, const std::string& folder) {
  const std::string whole = pattern.starts_with('/') || folder.empty() ? pattern : folder + '/' + pattern;
  std::vector<std::string> files;
  glob_t found{};
  if (::glob(whole.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::erase_if(files, [](const std::string& path) {
    std::error_code ignored;
    return fs::is_other(fs::status(path, ignored));
  });
  return files;
}

FileStamp stamp_of(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

Result<bool> write_text_file(const std::string& file, std::string_view text) {
  if (const auto there = read_text_file(file, std::max<std::size_t>(text.size(), 1U << 20U)); there && *there == text) return false;
  const fs::path folder = fs::path(file).parent_path();
  std::error_code fault;
  if (!folder.empty()) fs::create_directories(folder, fault);
  if (fault) return Error{Fault::Configuration, folder.string() + ": " + fault.message()};
  errno = 0;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (!stream) return Error{Fault::Configuration, file + ": " + std::strerror(errno == 0 ? EIO : errno)};
  return true;
}

}  // namespace tocsin::agent
