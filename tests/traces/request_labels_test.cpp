// SPDX-License-Identifier: Apache-2.0
#include "traces/request_labels.h"

#include <gtest/gtest.h>

#include "meters/base/text.h"
#include "tests/traces/span_batch_builder.h"

namespace tocsin::traces {
namespace {

using enum SpanKey;
using meters::Side;

struct Case {
  const char* what;
  TestSpan span;
  std::string func, status, ret, peer;
};

RequestLabels labels_of(const TestSpan& span) {
  SpanBatchBuilder builder;
  const SpanBatch& batch = builder.span(span).batch();
  return request_labels(batch, batch.spans[0], side_of(span.kind).value());
}

constexpr SpanKind S = SpanKind::Server, C = SpanKind::Client, P = SpanKind::Producer, K = SpanKind::Consumer;
constexpr SpanStatus kUnset = SpanStatus::Unset, kError = SpanStatus::Error, kOk = SpanStatus::Ok;

// Every row of the table "from spans", and each way to fail.
TEST(RequestLabels, Table) {
  const std::vector<Case> cases = {
      {"server, route", {S, {{HttpRequestMethod, "GET"}, {HttpRoute, "/items/{id}"}}, {{HttpResponseStatusCode, 200}}},
       "GET /items/{id}", "ok", "0", ""},
      {"an unknown route is its method", {S, {{HttpRequestMethod, "POST"}}, {{HttpResponseStatusCode, 404}}, kUnset, "POST /x/1"},
       "POST", "client_error", "404", ""},
      {"an unknown method", {S, {{HttpRequestMethod, "BREW"}, {HttpRoute, "/pot"}}, {}}, "_OTHER /pot", "ok", "0", ""},
      {"an old lower-case method", {S, {{HttpRequestMethod, "get"}, {HttpRoute, "/a"}}, {}}, "GET /a", "ok", "0", ""},
      {"client, template", {C, {{HttpRequestMethod, "GET"}, {UrlTemplate, "/u/{id}"}, {ServerAddress, "users"}}, {}},
       "GET /u/{id}", "ok", "0", "users"},
      {"server ignores address", {S, {{HttpRequestMethod, "GET"}, {ServerAddress, "10.0.0.1"}}, {}}, "GET", "ok", "0", ""},
      {"server 302", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 302}}}, "GET", "ok", "0", ""},
      {"server 429", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 429}}}, "GET", "client_error", "429", ""},
      {"server 499", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 499}}}, "GET", "cancelled", "499", ""},
      {"server 500", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 500}}, kError}, "GET", "server_error", "500", ""},
      {"server 504", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 504}}, kError}, "GET", "timeout", "504", ""},
      {"client 404", {C, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 404}}, kError}, "GET", "client_error", "404", ""},
      {"client 408", {C, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 408}}, kError}, "GET", "timeout", "408", ""},
      {"code as text", {S, {{HttpRequestMethod, "GET"}, {HttpResponseStatusCode, "503"}}, {}}, "GET", "server_error", "503", ""},
      {"error.type goes before the code", {S, {{HttpRequestMethod, "GET"}, {ErrorType, "java.io.IOException"}}, {{HttpResponseStatusCode, 500}}, kError},
       "GET", "server_error", "java.io.IOException", ""},
      {"500 by a timeout", {S, {{HttpRequestMethod, "GET"}, {ErrorType, "java.util.concurrent.TimeoutException"}}, {{HttpResponseStatusCode, 500}}, kError},
       "GET", "timeout", "java.util.concurrent.TimeoutException", ""},
      {"4xx stays the client's", {S, {{HttpRequestMethod, "GET"}, {ErrorType, "401"}}, {{HttpResponseStatusCode, 401}}, kError},
       "GET", "client_error", "401", ""},
      {"failed after 200 was sent", {S, {{HttpRequestMethod, "GET"}}, {{HttpResponseStatusCode, 200}}, kError}, "GET", "server_error", "_OTHER", ""},
      {"no answer at all", {C, {{HttpRequestMethod, "GET"}, {ErrorType, "ECONNREFUSED"}, {ServerAddress, "db"}}, {}, kError},
       "GET", "server_error", "ECONNREFUSED", "db"},
      {"cancelled by us", {C, {{HttpRequestMethod, "GET"}, {ErrorType, "context canceled"}}, {}, kError}, "GET", "cancelled", "context canceled", ""},
      {"timed out", {C, {{HttpRequestMethod, "GET"}, {ErrorType, "ETIMEDOUT"}}, {}, kError}, "GET", "timeout", "ETIMEDOUT", ""},
      {"rpc", {S, {{RpcService, "shop.Cart"}, {RpcMethod, "Add"}}, {{RpcStatusCode, 0}}}, "shop.Cart/Add", "ok", "0", ""},
      {"rpc method with its service", {S, {{RpcService, "shop.Cart"}, {RpcMethod, "shop.Cart/Add"}}, {}}, "shop.Cart/Add", "ok", "0", ""},
      {"rpc method alone", {C, {{RpcMethod, "shop.Cart/Add"}, {PeerService, "cart"}, {ServerAddress, "10.1.1.1"}}, {}}, "shop.Cart/Add", "ok", "0", "cart"},
      {"rpc not found", {S, {{RpcMethod, "m"}}, {{RpcStatusCode, 5}}}, "m", "client_error", "5", ""},
      {"rpc unavailable", {S, {{RpcMethod, "m"}}, {{RpcStatusCode, 14}}, kError}, "m", "server_error", "14", ""},
      {"rpc deadline", {C, {{RpcMethod, "m"}}, {{RpcStatusCode, 4}}, kError}, "m", "timeout", "4", ""},
      {"rpc cancelled", {C, {{RpcMethod, "m"}}, {{RpcStatusCode, 1}}, kError}, "m", "cancelled", "1", ""},
      {"rpc code by name", {C, {{RpcMethod, "m"}, {RpcStatusCode, "DEADLINE_EXCEEDED"}}, {}, kError}, "m", "timeout", "DEADLINE_EXCEEDED", ""},
      {"rpc ok by name", {C, {{RpcMethod, "m"}, {RpcStatusCode, "OK"}}, {}}, "m", "ok", "0", ""},
      {"http goes before rpc", {S, {{RpcMethod, "m"}, {HttpRequestMethod, "POST"}, {HttpRoute, "/rpc"}}, {}}, "POST /rpc", "ok", "0", ""},
      {"consumer", {K, {{MessagingOperation, "process"}, {MessagingDestination, "orders"}}, {}}, "process orders", "ok", "0", ""},
      {"consumer fails", {K, {{MessagingOperationType, "process"}, {MessagingDestination, "orders"}, {ErrorType, "Bad"}}, {}, kError},
       "process orders", "server_error", "Bad", ""},
      {"producer, template", {P, {{MessagingOperation, "send"}, {MessagingDestination, "reply-7"}, {MessagingDestinationTemplate, "reply-{id}"}, {ServerAddress, "kafka"}}, {}},
       "send reply-{id}", "ok", "0", "kafka"},
      {"producer, temporary", {P, {{MessagingOperation, "send"}, {MessagingDestination, "amq.gen-x"}, {MessagingDestinationUnstable, "true"}}, {}},
       "send (temporary)", "ok", "0", ""},
      {"database", {C, {{DbOperation, "SELECT"}, {DbCollection, "items"}, {ServerAddress, "pg"}}, {}}, "SELECT items", "ok", "0", "pg"},
      {"database summary", {C, {{DbQuerySummary, "SELECT items"}, {DbOperation, "SELECT"}}, {}}, "SELECT items", "ok", "0", ""},
      {"the name", {S, {}, {}, kUnset, "nightly job"}, "nightly job", "ok", "0", ""},
      {"the name of a failure", {S, {}, {}, kError, "job"}, "job", "server_error", "_OTHER", ""},
      {"no name", {S, {}, {}, kUnset, ""}, "unknown", "ok", "0", ""},
      {"status Ok", {S, {}, {}, kOk, "job"}, "job", "ok", "0", ""},
  };
  for (const Case& expected : cases) {
    SCOPED_TRACE(expected.what);
    const RequestLabels labels = labels_of(expected.span);
    EXPECT_EQ(labels.func, expected.func);
    EXPECT_EQ(meters::to_text(labels.status), expected.status);
    EXPECT_EQ(labels.ret, expected.ret);
    EXPECT_EQ(labels.peer, expected.peer);
  }
}

TEST(RequestLabels, KindsThatAreNoRequests) {
  EXPECT_FALSE(side_of(SpanKind::Internal));
  EXPECT_FALSE(side_of(SpanKind::Unspecified));
  EXPECT_EQ(side_of(SpanKind::Consumer), Side::Server);
  EXPECT_EQ(side_of(SpanKind::Producer), Side::Rely);
}

TEST(RequestLabels, TextsAreCutAtACharacterAndMadeUtf8) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "\xC3\xA9";
  const RequestLabels cut = labels_of({S, {}, {}, kUnset, "x" + name});
  EXPECT_EQ(cut.func.size(), kMaxFuncBytes - 1);
  EXPECT_TRUE(is_utf8(cut.func));
  EXPECT_TRUE(cut.func_is_name);
  const RequestLabels mended = labels_of({S, {{ErrorType, "bad\xFF"}}, {}});
  EXPECT_EQ(mended.ret, "bad\xEF\xBF\xBD");
}

TEST(RequestLabels, InputsLeaveOutWhatDoesNotMatter) {
  SpanBatchBuilder builder;
  const SpanBatch& batch =
      builder.span({S, {{HttpRequestMethod, "GET"}, {ServerAddress, "a"}}, {}}).span({C, {}, {}}).batch();
  const LabelInputs server = label_inputs(batch.spans[0], Side::Server);
  EXPECT_FALSE(server.name);
  EXPECT_EQ(server.keys & bit(ServerAddress), 0U);
  EXPECT_TRUE(label_inputs(batch.spans[1], Side::Rely).name);
}

}  // namespace
}  // namespace tocsin::traces
