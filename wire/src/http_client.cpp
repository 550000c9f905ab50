// SPDX-License-Identifier: Apache-2.0
// With http_client_curl the one place that knows libcurl.
#include "wire/http_client.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "meters/base/clock.h"
#include "wire/src/host_queue.h"
#include "wire/src/http_client_curl.h"
#include "wire/url.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxReplyHeaderBytes = std::size_t{256} << 10;
constexpr milliseconds kLongestPoll{60'000};

Monotonic now() noexcept { return SystemClock::instance().monotonic(); }

std::string host_of(const Url& url) { return url.host + ":" + std::to_string(url.port); }

bool has_line_end(std::string_view text) noexcept { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

struct FreeEasy {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};

// A call on its way: what curl points into while it runs.
struct Running {
  HttpClient::CallId id = 0;
  HttpCall call;
  HttpClient::Done done;
  Monotonic until;
  Url url;
  HttpReply reply;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool started = false;  // given to curl; else it waits for its host
  std::array<char, CURL_ERROR_SIZE> problem{};
  std::unique_ptr<curl_slist, FreeList> headers;
  std::unique_ptr<CURL, FreeEasy> easy;
};

std::size_t take_body(const char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& running = *static_cast<Running*>(user);
  const std::size_t length = size * count;
  if (length > running.call.max_reply_bytes - running.reply.body.size()) {
    running.too_large = true;
    return 0;
  }
  running.reply.body.append(bytes, length);
  return length;
}

std::size_t take_header(const char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& running = *static_cast<Running*>(user);
  std::string_view line(bytes, size * count);
  running.header_bytes += line.size();
  if (running.header_bytes > kMaxReplyHeaderBytes) {
    running.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    running.reply.headers = {};  // of an interim answer
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) value.remove_suffix(1);
  running.reply.headers.add(std::string(line.substr(0, colon)), std::string(value));
  return line.size();
}

Result<void> prepare_headers(Running& running) {
  curl_slist* list = nullptr;
  const auto append = [&](const std::string& line) {
    if (curl_slist* longer = curl().slist_append(list, line.c_str())) list = longer;
  };
  append("Expect:");  // curl would wait a second for a word that few servers give
  const HttpHeaders& headers = running.call.headers;
  if (!running.call.body.empty() && !headers.contains("Content-Type")) append("Content-Type:");
  bool broken = false;
  for (const auto& [name, value] : headers) {
    broken |= name.empty() || has_line_end(name) || has_line_end(value) || name.find(':') != std::string::npos;
    std::string line = name;
    line.append(value.empty() ? ";" : ": ").append(value);  // curl's way to write an empty one
    append(line);
  }
  running.headers.reset(list);
  if (broken) return Error{Fault::Input, "a header for " + host_of(running.url) + " contains a line end or has no name"};
  return {};
}

void prepare_method(CURL* easy, const HttpCall& call) {
  if (call.method == "HEAD") {
    curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (call.method == "GET" && call.body.empty()) {
    if (call.max_redirects == 0) return;
    curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl().easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(call.max_redirects));
    curl().easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    return;
  }
  curl().easy_setopt(easy, CURLOPT_POST, 1L);
  curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  curl().easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
  if (call.method != "POST") curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

void prepare_tls(CURL* easy, const HttpClientTls& tls) {
  curl().easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_file.empty()) {
    curl().easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    curl().easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.certificate_file.empty()) curl().easy_setopt(easy, CURLOPT_SSLCERT, tls.certificate_file.c_str());
  if (!tls.key_file.empty()) curl().easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.insecure ? 0L : 1L);
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.insecure ? 0L : 2L);
}

Result<void> prepare(Running& running) {
  auto url = parse_url(running.call.url);
  if (!url) return url.error();
  running.url = *url;
  if (running.call.method.empty() || has_line_end(running.call.method)) return Error{Fault::Input, "a call needs a method"};
  if (auto headers = prepare_headers(running); !headers) return headers;
  running.easy.reset(curl().easy_init());
  CURL* easy = running.easy.get();
  if (easy == nullptr) return Error{Fault::Exhausted, "no memory for a call to " + host_of(running.url)};
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up does not hold up stop()
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(easy, CURLOPT_URL, running.call.url.c_str());
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, running.headers.get());
  curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, running.problem.data());
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &running);
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, &running);
  curl().easy_setopt(easy, CURLOPT_PRIVATE, &running);
  curl().easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  if (running.url.host == "localhost" || is_loopback_address(running.url.host)) curl().easy_setopt(easy, CURLOPT_PROXY, "");
  prepare_method(easy, running.call);
  prepare_tls(easy, running.call.tls);
  return {};
}

Fault fault_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return Fault::Input;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND: return Fault::Configuration;
    case CURLE_OPERATION_TIMEDOUT: return Fault::Cancelled;
    case CURLE_OUT_OF_MEMORY: return Fault::Exhausted;
    default: return Fault::Environment;
  }
}

Error failure_of(Running& running, CURLcode code) {
  const std::string host = host_of(running.url);
  if (running.too_large) {
    return {Fault::TooLarge, "the reply of " + host + " is over the limit of " +
                                 std::to_string(running.call.max_reply_bytes) + " bytes"};
  }
  std::string text = host + ": " + (running.problem[0] != '\0' ? running.problem.data() : curl().easy_strerror(code));
  long number = 0;
  if (code == CURLE_COULDNT_CONNECT && curl().easy_getinfo(running.easy.get(), CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0) {
    text += std::string(" (") + std::strerror(static_cast<int>(number)) + ")";
  }
  return {fault_of(code), std::move(text)};
}

Error too_late(const Running& running) {
  return {Fault::Cancelled, host_of(running.url) + ": no whole reply within " +
                                std::to_string(running.call.timeout.count()) + " ms"};
}

Error cancelled(std::string_view why) { return {Fault::Cancelled, "the call was " + std::string(why)}; }

}  // namespace

class HttpClient::Loop {
 public:
  explicit Loop(HttpClientOptions options);
  ~Loop() {
    stop();
    if (multi_ != nullptr) curl().multi_cleanup(multi_);
  }

  CallId send(HttpCall call, Done done);
  void cancel(CallId id);
  void stop();

 private:
  void begin();
  using Calls = std::map<CallId, std::unique_ptr<Running>>;

  void run(const std::stop_token& stop);
  void start_new();
  void start(Running& running);
  void end_cancelled();
  void end_late();
  void end_finished();
  void finish(Calls::iterator call, Result<HttpReply> result);
  int poll_timeout() const;

  const HttpClientOptions options_;
  CURLM* multi_ = nullptr;  // made by begin(); its thread only, but for wake-ups
  Calls running_;    // its thread only, as hosts_
  HostQueue hosts_;

  std::mutex mutex_;
  bool begun_ = false, stopped_ = false;  // guarded by mutex_, as all below
  std::optional<Error> unusable_;         // of begin(): every call ends so
  CallId next_id_ = 1;
  std::vector<std::unique_ptr<Running>> new_;
  std::vector<CallId> to_cancel_;

  std::jthread thread_;  // last: it uses the members above
};

HttpClient::Loop::Loop(HttpClientOptions options)
    : options_(std::move(options)), hosts_(options_.max_connections_per_host) {}

// With the first call: who never calls loads no library and has no thread. Requires: mutex_ held.
void HttpClient::Loop::begin() {
  begun_ = true;
  if (auto loaded = load_curl(); !loaded) {
    unusable_ = loaded.error();
    return;
  }
  multi_ = curl().multi_init();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

HttpClient::CallId HttpClient::Loop::send(HttpCall call, Done done) {
  auto running = std::make_unique<Running>();
  running->until = now() + call.timeout;
  running->call = std::move(call);
  running->done = std::move(done);
  std::unique_lock lock(mutex_);
  const CallId id = running->id = next_id_++;
  if (!begun_ && !stopped_) begin();
  if (unusable_ || stopped_) {
    lock.unlock();
    running->done(unusable_ ? *unusable_ : cancelled("not made: the client has stopped"));
    return id;
  }
  new_.push_back(std::move(running));
  lock.unlock();
  curl().multi_wakeup(multi_);
  return id;
}

void HttpClient::Loop::cancel(CallId id) {
  {
    const std::lock_guard lock(mutex_);
    if (unusable_ || !begun_) return;
    to_cancel_.push_back(id);
  }
  curl().multi_wakeup(multi_);
}

void HttpClient::Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (!thread_.joinable()) return;
  thread_.request_stop();
  curl().multi_wakeup(multi_);
  thread_.join();
}

void HttpClient::Loop::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), options_.thread_name.substr(0, 15).c_str());
  while (!stop.stop_requested()) {
    start_new();
    end_cancelled();
    int active = 0;
    curl().multi_perform(multi_, &active);
    end_finished();
    end_late();
    curl().multi_poll(multi_, nullptr, 0, poll_timeout(), nullptr);
  }
  start_new();
  while (!running_.empty()) finish(running_.begin(), cancelled("ended: the client stops"));
}

void HttpClient::Loop::start_new() {
  std::vector<std::unique_ptr<Running>> starting;
  {
    const std::lock_guard lock(mutex_);
    starting.swap(new_);
  }
  for (auto& one : starting) {
    if (auto prepared = prepare(*one); !prepared) {
      one->done(prepared.error());
      continue;
    }
    if (hosts_.admit(host_of(one->url), one->id)) start(*one);
    running_.emplace(one->id, std::move(one));
  }
}

void HttpClient::Loop::start(Running& running) {
  running.started = true;
  curl().multi_add_handle(multi_, running.easy.get());
}

void HttpClient::Loop::end_cancelled() {
  std::vector<CallId> ids;
  {
    const std::lock_guard lock(mutex_);
    ids.swap(to_cancel_);
  }
  for (const CallId id : ids) {
    if (const auto call = running_.find(id); call != running_.end()) finish(call, cancelled("cancelled"));
  }
}

void HttpClient::Loop::end_late() {
  const Monotonic time = now();
  for (auto call = running_.begin(); call != running_.end();) {
    const auto late = call++;
    if (time >= late->second->until) finish(late, too_late(*late->second));
  }
}

void HttpClient::Loop::end_finished() {
  int left = 0;
  while (const CURLMsg* message = curl().multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Running* running = nullptr;
    curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running);
    const auto call = running_.find(running->id);
    if (code != CURLE_OK) {
      finish(call, failure_of(*running, code));
      continue;
    }
    long status = 0;
    curl().easy_getinfo(running->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    running->reply.status = static_cast<int>(status);
    finish(call, std::move(running->reply));
  }
}

void HttpClient::Loop::finish(Calls::iterator call, Result<HttpReply> result) {
  const std::unique_ptr<Running> running = std::move(call->second);
  running_.erase(call);
  if (running->started) {
    curl().multi_remove_handle(multi_, running->easy.get());
    const auto next = hosts_.next(host_of(running->url), [&](CallId id) { return running_.contains(id); });
    if (next) start(*running_.find(*next)->second);
  }
  running->done(std::move(result));
}

int HttpClient::Loop::poll_timeout() const {
  milliseconds wait = kLongestPoll;
  const Monotonic time = now();
  for (const auto& [id, running] : running_) {
    wait = std::min(wait, std::chrono::ceil<milliseconds>(running->until - time));
  }
  return static_cast<int>(std::max<std::int64_t>(0, wait.count()));
}

HttpClient::HttpClient(HttpClientOptions options) : loop_(std::make_unique<Loop>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpClient::CallId HttpClient::send(HttpCall call, Done done) { return loop_->send(std::move(call), std::move(done)); }
void HttpClient::cancel(CallId id) { loop_->cancel(id); }
void HttpClient::stop() { loop_->stop(); }

}  // namespace tocsin::wire
