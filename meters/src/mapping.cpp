// SPDX-License-Identifier: Apache-2.0
#include "meters/src/mapping.h"

#include <sys/mman.h>

namespace tocsin::meters::detail {

// PROT_NONE counts for nothing under strict overcommit; what make_writable() opens does.
void* reserve(std::size_t bytes) noexcept {
  void* start = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  // Either may be refused by an old or a sandboxed kernel: wipe() in the child does the same, later and slower.
  madvise(start, bytes, MADV_NOHUGEPAGE);
  madvise(start, bytes, MADV_WIPEONFORK);
  return start;
}

bool make_writable(void* start, std::size_t bytes) noexcept {
  return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0;
}

void wipe(void* start, std::size_t bytes) noexcept {
  if (bytes > 0) madvise(start, bytes, MADV_DONTNEED);
}

void release(void* start, std::size_t bytes) noexcept { munmap(start, bytes); }

}  // namespace tocsin::meters::detail
