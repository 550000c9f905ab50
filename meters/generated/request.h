// SPDX-License-Identifier: Apache-2.0
// Made by `tocsin generate header` from request.toml: change that file, not this one.
//
// Requests. Requests that a service answers (`server_*`), requests that it makes (`rely_*`), the nodes of its workflows
// and the tokens of its language models. `meters/request_meters.h` records them; spans become the first two by
// themselves. Rules and dashboards judge by `status`, the closed class; `ret` is for looking closer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meters/typed_meter.h"

namespace tocsin::meters {

// status: how the request ended; a caller's fault is client_error and no failure of the service that answers
enum class Status : std::uint8_t {Ok, ClientError, ServerError, Timeout, Cancelled, Unmarked};
inline constexpr std::array<std::string_view, 6> kStatusWords = {
    "ok", "client_error", "server_error", "timeout", "cancelled", "unmarked"};
constexpr std::string_view to_text(Status value) noexcept { return kStatusWords[static_cast<std::size_t>(value)]; }

// kind: which way the tokens went; there is no total, which would count them twice
enum class TokenKind : std::uint8_t {Prompt, Completion};
inline constexpr std::array<std::string_view, 2> kTokenKindWords = {"prompt", "completion"};
constexpr std::string_view to_text(TokenKind value) noexcept { return kTokenKindWords[static_cast<std::size_t>(value)]; }

namespace label {
inline constexpr std::string_view kServerName = "server_name";
inline constexpr std::string_view kFunc = "func";
inline constexpr std::string_view kStatus = "status";
inline constexpr std::string_view kRet = "ret";
inline constexpr std::string_view kPeer = "peer";
inline constexpr std::string_view kDc = "dc";
inline constexpr std::string_view kServerHost = "server_host";
inline constexpr std::string_view kAppId = "app_id";
inline constexpr std::string_view kWorkflow = "workflow";
inline constexpr std::string_view kNodeType = "node_type";
inline constexpr std::string_view kModel = "model";
inline constexpr std::string_view kTokenKind = "kind";
}  // namespace label

namespace declared {
inline constexpr DeclaredLabel kServerName{"server_name", label::kServerName,
    "the service", {}, false};
inline constexpr DeclaredLabel kFunc{"func", label::kFunc,
    "what was asked of it: \"GET /items\", \"shop.Cart/Add\"", {}, false};
inline constexpr DeclaredLabel kStatus{"status", label::kStatus,
    "how the request ended; a caller's fault is client_error and no failure of the service that answers", kStatusWords, false};
inline constexpr DeclaredLabel kRet{"ret", label::kRet,
    "the code as text; \"0\" is success", {}, false};
inline constexpr DeclaredLabel kPeer{"peer", label::kPeer,
    "the service that is called", {}, false};
inline constexpr DeclaredLabel kDc{"dc", label::kDc,
    "data centre, zone or environment", {}, true};
inline constexpr DeclaredLabel kServerHost{"server_host", label::kServerHost,
    "the host that answers", {}, true};
inline constexpr DeclaredLabel kAppId{"app_id", label::kAppId,
    "the application on whose behalf", {}, true};
inline constexpr DeclaredLabel kWorkflow{"workflow", label::kWorkflow,
    "the workflow's name", {}, false};
inline constexpr DeclaredLabel kNodeType{"node_type", label::kNodeType,
    "the type of the node; its name belongs in a trace", {}, false};
inline constexpr DeclaredLabel kModel{"model", label::kModel,
    "the language model", {}, false};
inline constexpr DeclaredLabel kTokenKind{"token_kind", label::kTokenKind,
    "which way the tokens went; there is no total, which would count them twice", kTokenKindWords, false};
}  // namespace declared

inline constexpr std::array<double, 20> kRequestTimeBounds = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 1e+05, 250000, 5e+05, 1e+06, 2500000, 5e+06, 1e+07, 3e+07,
    6e+07, 1.2e+08, 3e+08};

// Requests answered, by how they ended. (counter in {request})
struct ServerRequestTotalLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> func;
  Required<Status> status;
  Required<std::string_view> ret;
  std::string_view dc = {};
  std::string_view server_host = {};
  std::string_view app_id = {};
  constexpr std::array<std::string_view, 7> values() const noexcept {
    return {
            server_name.get(), func.get(), to_text(status.get()), ret.get(), dc, server_host, app_id};
  }
};
inline constexpr DeclaredLabel kServerRequestTotalLabels[] = {
    declared::kServerName, declared::kFunc, declared::kStatus, declared::kRet, declared::kDc, declared::kServerHost,
    declared::kAppId};
inline constexpr DeclaredMeter kServerRequestTotal{
    .name = "server_request_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Requests answered, by how they ended.",
    .labels = kServerRequestTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using ServerRequestTotal = TypedMeter<Counter, ServerRequestTotalLabels, kServerRequestTotal>;

// Time from a request's arrival to its answer, by how it ended. (histogram in us)
using ServerRequestTimeMicrosecondsLabels = ServerRequestTotalLabels;
inline constexpr DeclaredMeter kServerRequestTimeMicroseconds{
    .name = "server_request_time_microseconds", .kind = Kind::Histogram, .unit = "us",
    .help = "Time from a request's arrival to its answer, by how it ended.",
    .labels = kServerRequestTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Recorded,
    .bounds = kRequestTimeBounds, .native = true, .sets = {}};
using ServerRequestTimeMicroseconds = TypedMeter<Histogram, ServerRequestTimeMicrosecondsLabels, kServerRequestTimeMicroseconds>;

// Requests that are being answered. (up-down counter in {request})
struct ServerConcLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> func;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {server_name.get(), func.get()};
  }
};
inline constexpr DeclaredLabel kServerConcLabels[] = {declared::kServerName, declared::kFunc};
inline constexpr DeclaredMeter kServerConc{
    .name = "server_conc", .kind = Kind::UpDownCounter, .unit = "{request}",
    .help = "Requests that are being answered.",
    .labels = kServerConcLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using ServerConc = TypedMeter<UpDownCounter, ServerConcLabels, kServerConc>;

// Requests made to other services, by how they ended. (counter in {request})
struct RelyServerRequestTotalLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> func;
  Required<Status> status;
  Required<std::string_view> ret;
  Required<std::string_view> peer;
  std::string_view dc = {};
  std::string_view server_host = {};
  std::string_view app_id = {};
  constexpr std::array<std::string_view, 8> values() const noexcept {
    return {
            server_name.get(), func.get(), to_text(status.get()), ret.get(), peer.get(), dc, server_host, app_id};
  }
};
inline constexpr DeclaredLabel kRelyServerRequestTotalLabels[] = {
    declared::kServerName, declared::kFunc, declared::kStatus, declared::kRet, declared::kPeer, declared::kDc,
    declared::kServerHost, declared::kAppId};
inline constexpr DeclaredMeter kRelyServerRequestTotal{
    .name = "rely_server_request_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Requests made to other services, by how they ended.",
    .labels = kRelyServerRequestTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using RelyServerRequestTotal = TypedMeter<Counter, RelyServerRequestTotalLabels, kRelyServerRequestTotal>;

// Time from making a request to another service to its answer, by how it ended. (histogram in us)
using RelyServerRequestTimeMicrosecondsLabels = RelyServerRequestTotalLabels;
inline constexpr DeclaredMeter kRelyServerRequestTimeMicroseconds{
    .name = "rely_server_request_time_microseconds", .kind = Kind::Histogram, .unit = "us",
    .help = "Time from making a request to another service to its answer, by how it ended.",
    .labels = kRelyServerRequestTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Recorded,
    .bounds = kRequestTimeBounds, .native = true, .sets = {}};
using RelyServerRequestTimeMicroseconds = TypedMeter<Histogram, RelyServerRequestTimeMicrosecondsLabels, kRelyServerRequestTimeMicroseconds>;

// Requests to other services that wait for their answer. (up-down counter in {request})
struct RelyServerConcLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> func;
  Required<std::string_view> peer;
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {server_name.get(), func.get(), peer.get()};
  }
};
inline constexpr DeclaredLabel kRelyServerConcLabels[] = {declared::kServerName, declared::kFunc, declared::kPeer};
inline constexpr DeclaredMeter kRelyServerConc{
    .name = "rely_server_conc", .kind = Kind::UpDownCounter, .unit = "{request}",
    .help = "Requests to other services that wait for their answer.",
    .labels = kRelyServerConcLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using RelyServerConc = TypedMeter<UpDownCounter, RelyServerConcLabels, kRelyServerConc>;

// Executions of workflow nodes, by how they ended. (counter in {execution})
struct WorkflowNodeExecutionsTotalLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> workflow;
  Required<std::string_view> node_type;
  Required<Status> status;
  constexpr std::array<std::string_view, 4> values() const noexcept {
    return {
            server_name.get(), workflow.get(), node_type.get(), to_text(status.get())};
  }
};
inline constexpr DeclaredLabel kWorkflowNodeExecutionsTotalLabels[] = {
    declared::kServerName, declared::kWorkflow, declared::kNodeType, declared::kStatus};
inline constexpr DeclaredMeter kWorkflowNodeExecutionsTotal{
    .name = "workflow_node_executions_total", .kind = Kind::Counter, .unit = "{execution}",
    .help = "Executions of workflow nodes, by how they ended.",
    .labels = kWorkflowNodeExecutionsTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using WorkflowNodeExecutionsTotal = TypedMeter<Counter, WorkflowNodeExecutionsTotalLabels, kWorkflowNodeExecutionsTotal>;

// Time that executions of workflow nodes took. (histogram in us)
using WorkflowNodeTimeMicrosecondsLabels = WorkflowNodeExecutionsTotalLabels;
inline constexpr DeclaredMeter kWorkflowNodeTimeMicroseconds{
    .name = "workflow_node_time_microseconds", .kind = Kind::Histogram, .unit = "us",
    .help = "Time that executions of workflow nodes took.",
    .labels = kWorkflowNodeExecutionsTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Recorded,
    .bounds = kRequestTimeBounds, .native = true, .sets = {}};
using WorkflowNodeTimeMicroseconds = TypedMeter<Histogram, WorkflowNodeTimeMicrosecondsLabels, kWorkflowNodeTimeMicroseconds>;

// Tokens that went to and came from language models. (counter in {token})
struct LlmTokensTotalLabels {
  Required<std::string_view> server_name;
  Required<std::string_view> model;
  Required<TokenKind> token_kind;
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {server_name.get(), model.get(), to_text(token_kind.get())};
  }
};
inline constexpr DeclaredLabel kLlmTokensTotalLabels[] = {declared::kServerName, declared::kModel, declared::kTokenKind};
inline constexpr DeclaredMeter kLlmTokensTotal{
    .name = "llm_tokens_total", .kind = Kind::Counter, .unit = "{token}",
    .help = "Tokens that went to and came from language models.",
    .labels = kLlmTokensTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Recorded,
    .bounds = {}, .native = false, .sets = {}};
using LlmTokensTotal = TypedMeter<Counter, LlmTokensTotalLabels, kLlmTokensTotal>;

// All of them, in the catalogue's order.
inline constexpr DeclaredMeter kRequestCatalogue[] = {
    kServerRequestTotal, kServerRequestTimeMicroseconds, kServerConc, kRelyServerRequestTotal,
    kRelyServerRequestTimeMicroseconds, kRelyServerConc, kWorkflowNodeExecutionsTotal, kWorkflowNodeTimeMicroseconds,
    kLlmTokensTotal};

}  // namespace tocsin::meters
