// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/spans.h"

#include <utility>

#include "wire/otlp_check.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_spans.h"
#include "wire/protobuf.h"

namespace tocsin::agent {

struct SpanReceiver::Scratch {
  explicit Scratch(std::shared_ptr<const Options> made_for)
      : options(std::move(made_for)), decoder(options->app_id_attribute) {}
  const std::shared_ptr<const Options> options;
  wire::SpanDecoder decoder;
  traces::SpanBatch batch;
};

// A scratch for the time of one request.
class SpanReceiver::Lease {
 public:
  explicit Lease(SpanReceiver& owner) : owner_(owner) {
    const std::lock_guard lock(owner_.mutex_);
    if (owner_.idle_.empty()) {
      scratch_ = std::make_unique<Scratch>(owner_.options_);
    } else {
      scratch_ = std::move(owner_.idle_.back());
      owner_.idle_.pop_back();
    }
  }
  ~Lease() {
    const std::lock_guard lock(owner_.mutex_);
    if (scratch_->options == owner_.options_) owner_.idle_.push_back(std::move(scratch_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Scratch* operator->() const noexcept { return scratch_.get(); }

 private:
  SpanReceiver& owner_;
  std::unique_ptr<Scratch> scratch_;
};

SpanReceiver::SpanReceiver(traces::SpanMeters& meters, Options options)
    : meters_(meters), options_(std::make_shared<const Options>(std::move(options))) {}

SpanReceiver::~SpanReceiver() = default;

void SpanReceiver::configure(Options options) {
  const std::lock_guard lock(mutex_);
  options_ = std::make_shared<const Options>(std::move(options));
  idle_.clear();
}

Result<Ledger::Account> SpanReceiver::accept(std::string_view request) {
  const Lease scratch(*this);
  if (auto decoded = scratch->decoder.decode(request, scratch->batch); !decoded) return decoded.error();
  const std::uint64_t received = scratch->batch.received;
  if (received == 0) return Ledger::Account{};
  // What is handed on joins spans of others: one broken event would have all of them refused.
  if (forward_ && forward_({}, 0)) {
    if (auto checked = wire::check_otlp(request, wire::OtlpMessage::TraceRequest); !checked) return checked.error();
  }
  if (!scratch->options->count) {
    if (forward(request)) return Ledger::Account{{received, {}}, {}};
    return Ledger::Account{{0, {{"not_wanted", received}}}, "spans are neither measured nor forwarded here"};
  }
  traces::SpanMeters::Applied applied = meters_.apply(scratch->batch);
  if (forward(request)) {
    Ledger::Account account{{received, {}}, std::move(applied.reason)};
    if (!account.words.empty()) account.words.insert(0, "forwarded, but ");
    return account;
  }
  Ledger::Account account{{applied.accepted, {}}, std::move(applied.reason)};
  for (std::size_t i = 0; i < traces::kSpanRejects; ++i)
    if (applied.rejected_by[i] != 0)
      account.items.rejected.emplace_back(traces::to_text(static_cast<traces::SpanReject>(i)), applied.rejected_by[i]);
  return account;
}

namespace {

// The spans of a ResourceSpans message, whether or not anything could be made of them.
std::uint64_t count_spans(std::string_view resource_spans) {
  std::uint64_t spans = 0;
  wire::ProtobufReader resource(resource_spans);
  while (resource.next()) {
    if (resource.tag() != wire::protobuf_tag(wire::otlp::ResourceItems::kScopes, wire::WireType::Length)) {
      resource.skip();
      continue;
    }
    wire::ProtobufReader scope = resource.message();
    for (; scope.next(); scope.skip())
      if (scope.tag() == wire::protobuf_tag(wire::otlp::ScopeItems::kItems, wire::WireType::Length)) ++spans;
    resource.adopt(scope);
  }
  return spans;
}

}  // namespace

// Whole, with the spans that could not be measured: they may still be of use there.
bool SpanReceiver::forward(std::string_view request) const {
  if (!forward_) return false;
  bool taken = false;
  wire::ProtobufReader reader(request);
  while (reader.next()) {
    if (reader.tag() != wire::protobuf_tag(wire::otlp::ExportRequest::kResources, wire::WireType::Length)) {
      reader.skip();
      continue;
    }
    const std::string_view resource_spans = reader.bytes();
    if (const std::uint64_t spans = count_spans(resource_spans); spans > 0) taken = forward_(resource_spans, spans) || taken;
  }
  return taken;
}

}  // namespace tocsin::agent
