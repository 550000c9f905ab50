// SPDX-License-Identifier: Apache-2.0
#include "agent/store/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tocsin::agent {

namespace {

std::string holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  const std::string number(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return number.empty() ? "" : " (process " + number + ")";
}

}  // namespace

Result<std::unique_ptr<DataLock>> DataLock::take(const std::string& data_dir) {
  if (data_dir.empty()) return std::unique_ptr<DataLock>();
  std::error_code ignored;
  std::filesystem::create_directories(data_dir, ignored);
  const int file = ::open((data_dir + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return std::unique_ptr<DataLock>();
  auto lock = std::make_unique<DataLock>(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return std::unique_ptr<DataLock>();
    return Error{Fault::Environment, "the data directory " + data_dir + " is in use by another tocsin" + holder_of(file) +
                                         ": give one of them another (data_dir, --data-dir)"};
  }
  const std::string number = std::to_string(::getpid());
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, number.data(), number.size(), 0) < 0) return lock;  // its number is a kindness only
  return lock;
}

DataLock::~DataLock() { ::close(file_); }

}  // namespace tocsin::agent
