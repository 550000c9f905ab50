// SPDX-License-Identifier: Apache-2.0
// Mapping: memory from the kernel that is reserved first, touched only as used, never in huge pages, and wiped in a
// forked child.
//
// Threads: all; no state.
#pragma once

#include <cstddef>

namespace tocsin::meters::detail {

// Address space without memory; null when there is none. bytes is a multiple of the page size.
void* reserve(std::size_t bytes) noexcept;
bool make_writable(void* start, std::size_t bytes) noexcept;
// Zeroes whole pages by giving them back.
void wipe(void* start, std::size_t bytes) noexcept;
void release(void* start, std::size_t bytes) noexcept;

}  // namespace tocsin::meters::detail
