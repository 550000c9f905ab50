// SPDX-License-Identifier: Apache-2.0
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wire/compression.h"
#include "wire/src/grpc_library.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t kKeptCapacity = std::size_t{1} << 20;

// grpc itself asserts that a ByteBuffer is nothing but this pointer; only through it is seen that a message is compressed.
const grpc_byte_buffer* core_buffer(const grpc::ByteBuffer& buffer) {
  static_assert(sizeof(grpc::ByteBuffer) == sizeof(grpc_byte_buffer*));
  const grpc_byte_buffer* core = nullptr;
  std::memcpy(&core, static_cast<const void*>(&buffer), sizeof(core));
  return core;
}

std::string_view bytes_of(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

Error too_large(std::size_t max_bytes) {
  // In the words of grpc's own limit, by which senders know that a smaller message would be taken.
  return Error{Fault::TooLarge, "the message is larger than max (" + std::to_string(max_bytes) + " bytes)"};
}

}  // namespace

char* MessageReader::reserve(std::size_t size) {
  if (capacity_ < size) {
    joined_.reset();
    capacity_ = std::max(size, std::size_t{64} << 10);
    joined_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  return joined_.get();
}

void MessageReader::trim() {
  if (capacity_ > kKeptCapacity) {
    joined_.reset();
    capacity_ = 0;
  }
  if (inflated_.capacity() > kKeptCapacity) inflated_ = std::string();
}

Result<std::string_view> MessageReader::read(const grpc::ByteBuffer& buffer, std::size_t max_bytes) {
  const grpc_byte_buffer* core = core_buffer(buffer);
  if (core == nullptr) return std::string_view();
  const grpc_slice_buffer& slices = core->data.raw.slice_buffer;
  if (slices.length > max_bytes) return too_large(max_bytes);

  const std::string_view message = contiguous(slices);
  if (core->data.raw.compression == GRPC_COMPRESS_NONE || message.empty()) return message;
  const bool gzip = core->data.raw.compression == GRPC_COMPRESS_GZIP;
  auto inflated = gzip ? gunzip(message, max_bytes) : inflate_zlib(message, max_bytes);
  if (!inflated) return inflated.error();
  inflated_ = *std::move(inflated);
  return std::string_view(inflated_);
}

std::string_view MessageReader::contiguous(const grpc_slice_buffer& slices) {
  if (slices.count == 0) return {};
  if (slices.count == 1) return bytes_of(slices.slices[0]);
  char* const start = reserve(slices.length);
  char* at = start;
  for (std::size_t i = 0; i < slices.count; ++i) {
    const std::string_view part = bytes_of(slices.slices[i]);
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {start, slices.length};
}

}  // namespace tocsin::wire
