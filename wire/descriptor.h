// SPDX-License-Identifier: Apache-2.0
// Descriptor: a file descriptor that is closed with its owner.
//
//   Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
//   if (!socket.open()) return errno;
//
// Threads: a value of one thread.
#pragma once

#include <unistd.h>

#include <utility>

namespace tocsin::wire {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }
  bool open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace tocsin::wire
