// SPDX-License-Identifier: Apache-2.0
#include "meters/request_meters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace tocsin::meters {

namespace detail {

// Of one side, or of workflow nodes.
struct RequestKind {
  Meter<Counter> total;
  Meter<Histogram> time;
  Meter<UpDownCounter> conc;
};

struct RequestFamilies {
  RequestMeters::Options options;
  RequestKind server, rely, node;
  LlmTokensTotal llm_tokens;
};

struct RequestSeries {
  struct Outcome {
    Status status;
    std::string ret;
    Counter total;
    Histogram time;
  };

  RequestKind meters;
  Side side = Side::Server;
  std::vector<std::string> labels;  // of total and time; status and ret are put in their places
  std::size_t status_at = 0, ret_at = 0;  // ret_at == labels.size(): there is no such label
  std::optional<UpDownCounter> conc;
  std::vector<Outcome> outcomes;  // the first is success

  // Calls use(values) with the label values of an outcome.
  template <class Use>
  void with_labels(Status status, std::string_view ret, Use use) const {
    std::array<std::string_view, 8> values;
    std::copy(labels.begin(), labels.end(), values.begin());
    values[status_at] = to_text(status);
    if (ret_at < labels.size()) values[ret_at] = ret;
    use(std::span<const std::string_view>(values).first(labels.size()));
  }

  void declare(Status status, std::string_view ret) {
    with_labels(status, ret, [&](std::span<const std::string_view> values) {
      meters.total.declare(values);
      meters.time.declare(values);
      outcomes.push_back({status, std::string(ret), meters.total.with(values), meters.time.with(values)});
    });
  }

  const Outcome* find(Status status, std::string_view ret) const noexcept {
    for (const Outcome& outcome : outcomes)
      if (outcome.status == status && outcome.ret == ret) return &outcome;
    return nullptr;
  }
};

}  // namespace detail

namespace {

using detail::RequestFamilies;
using detail::RequestKind;
using detail::RequestSeries;

constexpr std::string_view kRetUnmarked = "unmarked";

void observe(const Histogram& time, std::chrono::nanoseconds passed, const ExemplarContext* context) noexcept {
  const double microseconds = static_cast<double>(passed.count()) * 1e-3;
  if (context == nullptr)
    time.observe(microseconds);
  else
    time.observe(microseconds, *context);
}

void record(const RequestSeries& series, Status status, std::string_view ret, std::chrono::nanoseconds passed,
            const ExemplarContext* context) noexcept {
  if (const RequestSeries::Outcome* outcome = series.find(status, ret)) {
    outcome->total.add();
    return observe(outcome->time, passed, context);
  }
  series.with_labels(status, ret, [&](std::span<const std::string_view> values) {
    series.meters.total.record(values, 1);
    observe(series.meters.time.with(values), passed, context);
  });
}

template <std::size_t N>
std::vector<std::string> kept(const std::array<std::string_view, N>& values) {
  return {values.begin(), values.end()};
}

consteval std::size_t place_of(const DeclaredMeter& meter, std::string_view label) {
  std::size_t at = 0;
  while (meter.labels[at].name != label) ++at;
  return at;
}

template <class Total, class Time, class Conc>
Result<RequestKind> declare_side(Registry& registry, SourcePlace place) {
  auto total = Total::declare(registry, place);
  if (!total) return total.error();
  auto time = Time::declare(registry, place);
  if (!time) return time.error();
  auto conc = Conc::declare(registry, place);
  if (!conc) return conc.error();
  return RequestKind{total->untyped(), time->untyped(), conc->untyped()};
}

Result<RequestKind> declare_nodes(Registry& registry, SourcePlace place) {
  auto total = WorkflowNodeExecutionsTotal::declare(registry, place);
  if (!total) return total.error();
  auto time = WorkflowNodeTimeMicroseconds::declare(registry, place);
  if (!time) return time.error();
  return RequestKind{total->untyped(), time->untyped(), {}};
}

// `labels` and `in_flight` are those of a success.
template <class Labels, class InFlight>
RequestFunc series_of(const RequestKind& meters, Side side, const Labels& labels, const InFlight& in_flight,
                 std::initializer_list<RequestCode> declared) {
  constexpr std::size_t kStatusAt = place_of(kServerRequestTotal, label::kStatus), kRetAt = place_of(kServerRequestTotal, label::kRet);
  static_assert(kStatusAt == place_of(kRelyServerRequestTotal, label::kStatus));
  static_assert(kRetAt == place_of(kRelyServerRequestTotal, label::kRet));
  auto series = std::make_shared<RequestSeries>();
  series->side = side;
  series->meters = meters;
  series->labels = kept(labels.values());
  series->status_at = kStatusAt;
  series->ret_at = kRetAt;
  series->meters.conc.declare(in_flight.values());
  series->conc = series->meters.conc.with(in_flight.values());
  series->declare(Status::Ok, kRetSuccess);
  for (const RequestCode& code : declared)
    if (series->find(code.status, code.ret) == nullptr) series->declare(code.status, code.ret);
  return RequestFunc(std::move(series));
}

std::string_view code_text(std::array<char, 12>& buffer, int code) noexcept {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), code).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

}  // namespace

Request::Request(const RequestFunc& func) noexcept
    : series_(func.series_.get()), start_(std::chrono::steady_clock::now()) {
  if (series_ != nullptr && series_->conc) series_->conc->add(1);
}

Request::~Request() {
  if (series_ == nullptr) return;
  if (!marked_) fail(kRetUnmarked, Status::Unmarked);
  if (series_->conc) series_->conc->add(-1);
}

// Whether this is the first time.
bool Request::mark() noexcept {
  if (marked_) return false;
  took_ = std::chrono::steady_clock::now() - start_;
  return marked_ = true;
}

std::chrono::nanoseconds Request::elapsed() const noexcept {
  return marked_ ? took_ : std::chrono::steady_clock::now() - start_;
}

void Request::succeed() noexcept {
  if (!mark() || series_ == nullptr) return;
  const RequestSeries::Outcome& success = series_->outcomes.front();
  success.total.add();
  observe(success.time, took_, traced_ ? &context_ : nullptr);
}

void Request::fail(std::string_view ret, Status status) noexcept {
  if (status == Status::Ok) return succeed();
  if (static_cast<std::size_t>(status) >= kStatusWords.size()) status = Status::Unmarked;  // a number that is none
  if (!mark() || series_ == nullptr) return;
  record(*series_, status, ret, took_, traced_ ? &context_ : nullptr);
}

void Request::finish_http(int code) noexcept {
  if (series_ == nullptr) return;
  const Status status = status_of_http(code, series_->side);
  std::array<char, 12> buffer;
  status == Status::Ok ? succeed() : fail(code_text(buffer, code), status);
}

void Request::finish_grpc(int code) noexcept {
  const Status status = status_of_grpc(code);
  std::array<char, 12> buffer;
  status == Status::Ok ? succeed() : fail(code_text(buffer, code), status);
}

Result<RequestMeters> RequestMeters::make(Registry& registry, Options options, SourcePlace place) {
  if (options.server_name.empty()) return Error{Fault::Configuration, "request meters need a server_name"};
  auto families = std::make_shared<RequestFamilies>();
  auto server = declare_side<ServerRequestTotal, ServerRequestTimeMicroseconds, ServerConc>(registry, place);
  if (!server) return server.error();
  auto rely = declare_side<RelyServerRequestTotal, RelyServerRequestTimeMicroseconds, RelyServerConc>(registry, place);
  if (!rely) return rely.error();
  auto node = declare_nodes(registry, place);
  if (!node) return node.error();
  auto tokens = LlmTokensTotal::declare(registry, place);
  if (!tokens) return tokens.error();
  *families = {std::move(options), *server, *rely, *node, *tokens};
  return RequestMeters(std::move(families));
}

RequestFunc RequestMeters::func(std::string_view name, std::initializer_list<RequestCode> declared) const {
  const Options& own = families_->options;
  const ServerRequestTotalLabels labels{.server_name = own.server_name, .func = name, .status = Status::Ok,
                                        .ret = kRetSuccess, .dc = own.dc, .server_host = own.server_host, .app_id = own.app_id};
  return series_of(families_->server, Side::Server, labels, ServerConcLabels{.server_name = own.server_name, .func = name}, declared);
}

RequestFunc RequestMeters::rely(std::string_view peer, std::string_view name,
                                std::initializer_list<RequestCode> declared) const {
  const Options& own = families_->options;
  const RelyServerRequestTotalLabels labels{.server_name = own.server_name, .func = name, .status = Status::Ok,
                                            .ret = kRetSuccess, .peer = peer, .dc = own.dc,
                                            .server_host = own.server_host, .app_id = own.app_id};
  return series_of(families_->rely, Side::Rely, labels,
              RelyServerConcLabels{.server_name = own.server_name, .func = name, .peer = peer}, declared);
}

RequestFunc RequestMeters::workflow_node(std::string_view workflow, std::string_view node_type) const {
  const WorkflowNodeExecutionsTotalLabels labels{.server_name = families_->options.server_name, .workflow = workflow,
                                                 .node_type = node_type, .status = Status::Ok};
  auto series = std::make_shared<RequestSeries>();
  series->meters = families_->node;
  series->labels = kept(labels.values());
  series->status_at = place_of(kWorkflowNodeExecutionsTotal, label::kStatus);
  series->ret_at = series->labels.size();
  series->declare(Status::Ok, {});
  return RequestFunc(std::move(series));
}

LlmTokens RequestMeters::llm_tokens(std::string_view model) const {
  const auto bound = [&](TokenKind kind) {
    const LlmTokensTotalLabels labels{.server_name = families_->options.server_name, .model = model, .token_kind = kind};
    families_->llm_tokens.declare(labels);
    return families_->llm_tokens.with(labels);
  };
  return {bound(TokenKind::Prompt), bound(TokenKind::Completion)};
}

}  // namespace tocsin::meters
