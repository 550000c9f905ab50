// SPDX-License-Identifier: Apache-2.0
#include "agent/store/replaced_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace tocsin::agent {

namespace {

constexpr std::size_t kHeldBytes = 1U << 20;

Error environment(std::string_view what, const std::string& path, int number) {
  return {Fault::Environment, std::string(what) + " " + path + ": " + std::strerror(number)};
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<void> sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return environment("cannot open", folder, errno);
  const int synced = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  return synced == 0 ? Result<void>() : environment("cannot sync", folder, number);
}

}  // namespace

ReplacedFile::ReplacedFile(std::string path, int descriptor)
    : path_(std::move(path)), new_path_(path_ + ".new"), descriptor_(descriptor) {}

Result<std::unique_ptr<ReplacedFile>> ReplacedFile::open(std::string path) {
  std::error_code error;
  std::filesystem::create_directories(folder_of(path), error);
  if (error) return Error{Fault::Environment, "cannot make " + folder_of(path) + ": " + error.message()};
  const std::string new_path = path + ".new";
  const int descriptor = ::open(new_path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return environment("cannot write", new_path, errno);
  return std::unique_ptr<ReplacedFile>(new ReplacedFile(std::move(path), descriptor));
}

ReplacedFile::~ReplacedFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(new_path_.c_str());
}

Error ReplacedFile::failed(std::string_view what) const { return environment(what, new_path_, errno); }

Result<void> ReplacedFile::flush() {
  std::string_view left = held_;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  held_.clear();
  return {};
}

Result<void> ReplacedFile::write(std::string_view bytes) {
  held_ += bytes;
  return held_.size() < kHeldBytes ? Result<void>() : flush();
}

Result<void> ReplacedFile::commit() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (::fsync(descriptor_) != 0) return failed("cannot sync");
  if (::close(std::exchange(descriptor_, -1)) != 0 || ::rename(new_path_.c_str(), path_.c_str()) != 0) {
    const Error error = failed("cannot replace by");
    ::unlink(new_path_.c_str());
    return error;
  }
  return sync_folder(folder_of(path_));
}

Result<std::optional<std::string>> read_whole_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return std::optional<std::string>();
  if (descriptor < 0) return environment("cannot read", path, errno);
  std::string bytes;
  struct stat facts {};
  if (::fstat(descriptor, &facts) == 0 && facts.st_size > 0) bytes.reserve(static_cast<std::size_t>(facts.st_size));
  std::string piece(1U << 20, '\0');
  for (;;) {
    const ssize_t got = ::read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    const int number = errno;
    if (got <= 0) ::close(descriptor);
    if (got < 0) return environment("cannot read", path, number);
    if (got == 0) return std::optional(std::move(bytes));
    bytes.append(piece, 0, static_cast<std::size_t>(got));
  }
}

Result<std::string> put_aside(const std::string& path) {
  const std::string aside = path + ".damaged";
  if (::rename(path.c_str(), aside.c_str()) != 0) return environment("cannot rename", path, errno);
  return aside;
}

}  // namespace tocsin::agent
