// SPDX-License-Identifier: Apache-2.0
// What the gRPC server and client share of the library: quiet logs, credentials, messages as contiguous bytes.
//
// Private: with the other wire/src/grpc_* files the only place where grpc's headers are seen.
// Threads: free functions are thread-safe; a MessageReader belongs to one thread.
// Costs: reading a message copies it once, unless it arrived in one slice.
#pragma once

#include <grpc/slice.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "wire/grpc_tls.h"
#include "wire/rpc_status.h"

namespace tocsin::wire {

// Before the first use of the library; later calls do nothing. Its lines on stderr are dropped, since what it has to say
// reaches us as errors and statuses (unless GRPC_VERBOSITY or GRPC_TRACE is set in the environment), and the deadlock
// detector of Abseil's mutexes, which Debian's build leaves on, is switched off: it took a third of a small call.
void prepare_grpc_library();

// Lets malloc keep some memory instead of giving it back to the kernel after every message. For the whole process.
void keep_freed_memory();

// Keeps the first error that grpc logs on this thread while it lives: some faults are told nowhere else.
class GrpcLogCapture {
 public:
  GrpcLogCapture();
  ~GrpcLogCapture();
  GrpcLogCapture(const GrpcLogCapture&) = delete;
  GrpcLogCapture& operator=(const GrpcLogCapture&) = delete;
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Errors: Configuration, with the file.
Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const GrpcTls& tls);
Result<std::shared_ptr<grpc::ChannelCredentials>> client_credentials(const GrpcTls& tls);

// At most 15 bytes of it are kept.
void name_this_thread(const std::string& name);

// Shares the string instead of copying it.
grpc::ByteBuffer to_byte_buffer(std::shared_ptr<const std::string> text);
grpc::ByteBuffer to_byte_buffer(std::string_view text);

// The status details are grpc-status-details-bin; broken ones are passed over.
RpcStatus to_rpc_status(const grpc::Status& status);
grpc::Status to_grpc_status(const RpcStatus& status);

class MessageReader {
 public:
  // The message, decompressed if it is marked so. The view is valid until the next read or the end of `buffer`.
  // Errors: TooLarge over max_bytes, before or after decompression; Input when it does not decompress.
  Result<std::string_view> read(const grpc::ByteBuffer& buffer, std::size_t max_bytes);
  // Ends the view; what a large message needed is given back, what usual ones need is kept.
  void trim();

 private:
  std::string_view contiguous(const grpc_slice_buffer& slices);
  char* reserve(std::size_t size);

  std::unique_ptr<char[]> joined_;
  std::size_t capacity_ = 0;
  std::string inflated_;
};

}  // namespace tocsin::wire
