// SPDX-License-Identifier: Apache-2.0
// What a destination answers, over HTTP and gRPC, of anyone's making: no crash, and a verdict that its ledger can hold.
// The input's first line is a status, the second a Retry-After, the rest the body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporters/src/send_answer.h"
#include "wire/otlp_attributes.h"
#include "wire/rpc_status.h"

using namespace tocsin;
using exporters::Signal;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

void check(const wire::Verdict& verdict) {
  require(verdict.kind == wire::Verdict::Kind::Accepted || !verdict.message.empty());
  require(!verdict.retry_after || verdict.retry_after->count() >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view status = line(rest);
  wire::HttpReply reply;
  reply.status = status.empty() ? 200 : std::atoi(std::string(status).c_str());
  reply.headers.add("Retry-After", std::string(line(rest)));
  reply.body = rest;
  for (const Signal signal : {Signal::Metrics, Signal::Traces}) {
    for (const char* type : {"application/x-protobuf", "application/json", "text/plain"}) {
      wire::HttpReply typed = reply;
      typed.headers.add("Content-Type", type);
      check(exporters::judge(signal, typed, from_unix_ns(1'700'000'000'000'000'000)));
    }
    check(exporters::judge(signal, wire::RpcStatus{wire::rpc_code(reply.status), std::string(status), {}}, rest));
  }
  if (const auto parsed = wire::parse_rpc_status(rest)) {
    const auto again = wire::parse_rpc_status(wire::encode_rpc_status(*parsed));
    require(again.ok() && again->code == parsed->code && again->message == parsed->message);
  }
  // Attributes that decode can be written, and then are the same.
  if (const auto attributes = wire::decode_attributes(rest, wire::otlp::Resource::kAttributes)) {
    require(wire::attributes_well_formed(rest, wire::otlp::Resource::kAttributes));
    std::string written;
    wire::ProtobufWriter writer(written);
    for (const meters::Attribute& attribute : *attributes)
      wire::append_attribute(writer, wire::otlp::Resource::kAttributes, attribute);
    const auto again = wire::decode_attributes(written, wire::otlp::Resource::kAttributes);
    require(again.ok() && again->size() == attributes->size());
  }
  return 0;
}
