// SPDX-License-Identifier: Apache-2.0
// What a gRPC call costs the server, in time of its own process: calls of 260 KB (1,000 spans of 260 B) and of 100 B, plain
// and gzip; its memory and processor time when idle. The handler adds up the message, so that every byte is read once.
//
//   grpc_bench [--json] [--seconds N] [--connections N]
//
// --json prints a line a row as harness.h does; these rows have neither bar nor peer. Ends with 1 after a wrong answer.
// The server runs as a second process of this program, so that the clients' work is not counted.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "wire/grpc_client.h"
#include "wire/grpc_server.h"

namespace {

using namespace tocsin::wire;
using Seconds = std::chrono::duration<double>;

std::uint64_t sum_of(std::string_view bytes) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    sum += word;
  }
  for (; i < bytes.size(); ++i) sum += static_cast<unsigned char>(bytes[i]);
  return sum;
}

// The server process: says its port on stdout, serves until stdin ends.
int serve() {
  GrpcServerOptions options;
  options.listen = "127.0.0.1:0";
  if (const char* threads = std::getenv("THREADS")) options.threads = static_cast<unsigned>(std::atoi(threads));
  auto server = GrpcServer::start(options, [](const GrpcCall& call) {
    return GrpcReply{{}, std::to_string(sum_of(call.message))};
  });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("%u\n", (*server)->port());
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  (*server)->stop(std::chrono::seconds(1));
  return 0;
}

struct Server {
  pid_t pid = 0;
  int stdin_fd = -1;
  std::uint16_t port = 0;
};

Server spawn(const char* self) {
  int to[2];
  int from[2];
  if (::pipe(to) != 0 || ::pipe(from) != 0) std::abort();
  Server server;
  server.pid = ::fork();
  if (server.pid == 0) {
    ::dup2(to[0], STDIN_FILENO);
    ::dup2(from[1], STDOUT_FILENO);
    for (const int fd : {to[0], to[1], from[0], from[1]}) ::close(fd);
    ::execl(self, self, "--serve", nullptr);
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  server.stdin_fd = to[1];
  char text[16] = {};
  if (::read(from[0], text, sizeof(text) - 1) <= 0) std::abort();
  ::close(from[0]);
  server.port = static_cast<std::uint16_t>(std::atoi(text));
  return server;
}

double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  std::istringstream rest(all.substr(all.rfind(')') + 2));
  std::string skip;
  for (int i = 0; i < 11; ++i) rest >> skip;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string memory(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  std::string out;
  while (std::getline(file, line)) {
    for (const char* key : {"VmRSS:", "RssAnon:", "RssFile:", "Threads:"}) {
      if (line.starts_with(key)) out += line + "  ";
    }
  }
  for (char& c : out) c = c == '\t' ? ' ' : c;
  return out;
}

struct Outcome {
  std::uint64_t calls = 0;
  std::uint64_t wrong = 0;
};

Outcome drive(std::uint16_t port, std::size_t connections, std::chrono::milliseconds length, const std::string& text, bool gzip) {
  const auto message = std::make_shared<const std::string>(text);
  const std::string expected = std::to_string(sum_of(text));
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::jthread> senders;
  const auto end = std::chrono::steady_clock::now() + length;
  for (std::size_t i = 0; i < connections; ++i) {
    senders.emplace_back([&] {
      auto client = *GrpcClient::make({.target = "127.0.0.1:" + std::to_string(port)});
      while (std::chrono::steady_clock::now() < end) {
        std::promise<bool> done;
        GrpcRequest request;
        request.method = "/bench/Sum";
        request.message = message;
        request.gzip = gzip;
        client->call(std::move(request), [&](tocsin::Result<GrpcResult> result) {
          done.set_value(result.ok() && result->status.ok() && result->body == expected);
        });
        done.get_future().get() ? ++calls : ++wrong;
      }
    });
  }
  senders.clear();
  return {calls, wrong};
}

void print_row(const std::string& name, double value, const char* unit) {
  std::printf("{\"row\":\"%s\",\"ours\":%.4g,\"peer\":null,\"bar\":null,\"unit\":\"%s\"}\n", name.c_str(), value, unit);
  std::fflush(stdout);
}

struct Options {
  bool json = false;
  int seconds = 3;
  std::size_t connections = 4;
};

// False where an answer was wrong, or nothing was answered.
bool measure(const Server& server, const char* name, const std::string& text, bool gzip, const Options& options) {
  drive(server.port, options.connections, std::chrono::milliseconds(300), text, gzip);  // warm
  const double cpu = cpu_seconds(server.pid);
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = drive(server.port, options.connections, std::chrono::seconds(options.seconds), text, gzip);
  const double wall = Seconds(std::chrono::steady_clock::now() - start).count();
  const double used = cpu_seconds(server.pid) - cpu;
  const auto calls = static_cast<double>(outcome.calls);
  if (outcome.calls == 0 || outcome.wrong != 0) {
    std::fprintf(stderr, "%s: %lu right answers, %lu wrong\n", name, outcome.calls, outcome.wrong);
    return false;
  }
  if (options.json) {
    print_row(std::string("gRPC call of ") + name + ", in the server", used / calls * 1e6, "us");
    return true;
  }
  const double megabytes = calls * static_cast<double>(text.size()) / 1e6;
  std::printf("%-22s %9.0f calls/s %8.0f MB/s | server: %6.1f us/call %8.0f calls/s/core %8.0f MB/s/core\n", name,
              calls / wall, megabytes / wall, used / calls * 1e6, calls / used, megabytes / used);
  std::fflush(stdout);
  return true;
}

// Text that compresses about as well as spans do: words out of a small set, and numbers.
std::string span_like(std::size_t size) {
  std::string text;
  std::uint64_t state = 1;
  while (text.size() < size) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += "http.request.method GET http.route /api/v1/items/{id} ";
    text.append(reinterpret_cast<const char*>(&state), 8);
    text += std::to_string(state >> 40);
  }
  text.resize(size);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--serve") == 0) return serve();
    if (std::strcmp(argv[i], "--json") == 0) options.json = true;
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) options.seconds = std::max(1, std::atoi(argv[++i]));
    if (std::strcmp(argv[i], "--connections") == 0 && i + 1 < argc) options.connections = std::strtoul(argv[++i], nullptr, 10);
  }
  const Server server = spawn(argv[0]);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  if (!options.json) std::printf("idle                   %s\n", memory(server.pid).c_str());
  const double cpu = cpu_seconds(server.pid);
  std::this_thread::sleep_for(std::chrono::seconds(options.seconds));
  const double idle = (cpu_seconds(server.pid) - cpu) / options.seconds * 100;
  if (!options.json) std::printf("idle                   %.3f %% of a core over %d s\n", idle, options.seconds);

  bool right = measure(server, "100 B", span_like(100), false, options);
  right = measure(server, "260 KB", span_like(260'000), false, options) && right;
  right = measure(server, "260 KB gzip", span_like(260'000), true, options) && right;
  if (!options.json) std::printf("after                  %s\n", memory(server.pid).c_str());
  ::close(server.stdin_fd);
  int status = 0;
  ::waitpid(server.pid, &status, 0);
  return right && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
