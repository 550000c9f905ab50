// SPDX-License-Identifier: Apache-2.0
// Another program under load: starts it, waits for its port, tells its processor time, and ends it. And a keep-alive
// HTTP client that does no more than it must, since it shares the machine with what is measured.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tocsin::bench {

[[noreturn]] inline void give_up(const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  std::exit(1);
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline std::uint16_t free_port() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    give_up("no free port");
  close(socket_fd);
  return ntohs(address.sin_port);
}

class Program {
 public:
  Program(const std::vector<std::string>& words, const std::string& log) {
    pid_ = fork();
    if (pid_ < 0) give_up("fork failed");
    if (pid_ == 0) {
      const int out = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      dup2(out, 1);
      dup2(out, 2);
      std::vector<char*> arguments;
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    if (clock_getcpuclockid(pid_, &clock_) != 0) give_up("no processor clock of " + words[0]);
  }
  ~Program() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Of its pages those that are in memory, shared libraries included, in MiB.
  double resident_mib() const {
    std::FILE* file = std::fopen(("/proc/" + std::to_string(pid_) + "/statm").c_str(), "r");
    unsigned long size = 0, resident = 0;
    if (file == nullptr || std::fscanf(file, "%lu %lu", &size, &resident) != 2) give_up("no memory figures: it has ended");
    std::fclose(file);
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
  }

  // Of all its threads, in nanoseconds.
  double cpu_ns() const {
    timespec now{};
    clock_gettime(clock_, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  }

 private:
  pid_t pid_ = -1;
  clockid_t clock_{};
};

class HttpConnection {
 public:
  // Tries until somebody listens, for half a minute.
  explicit HttpConnection(std::uint16_t port) : host_("127.0.0.1:" + std::to_string(port)) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const sockaddr_in address = loopback(port);
    while (true) {
      fd_ = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) break;
      close(fd_);
      if (std::chrono::steady_clock::now() > deadline) give_up("nobody listens on " + host_);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~HttpConnection() { close(fd_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void post_protobuf(std::string_view path, std::string_view body) {
    exchange("POST " + std::string(path) + " HTTP/1.1\r\nHost: " + host_ +
                 "\r\nContent-Type: application/x-protobuf\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n",
             body);
    if (!answer_.starts_with("HTTP/1.1 200")) give_up("refused: " + answer_.substr(0, 300));
  }
  // The body of an answer that ends with the connection.
  std::string get_and_close(std::string_view path) {
    const std::string head = "GET " + std::string(path) + " HTTP/1.0\r\nHost: " + host_ + "\r\nConnection: close\r\n\r\n";
    write_all(head);
    std::string text;
    char buffer[65536];
    for (ssize_t got = 0; (got = read(fd_, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }

 private:
  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = write(fd_, bytes.data(), bytes.size());
      if (sent <= 0) give_up("connection lost to " + host_);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void exchange(const std::string& head, std::string_view body) {
    write_all(head);
    write_all(body);
    answer_.clear();
    char buffer[4096];
    while (true) {
      const std::size_t end = answer_.find("\r\n\r\n");
      if (end != std::string::npos && answer_.size() >= end + 4 + content_length(end)) return;
      const ssize_t got = read(fd_, buffer, sizeof buffer);
      if (got <= 0) give_up("connection lost to " + host_);
      answer_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  std::size_t content_length(std::size_t end) const {
    std::string head = answer_.substr(0, end);
    for (char& c : head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const std::size_t at = head.find("content-length:");
    return at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoll(head.c_str() + at + 15));
  }

  std::string host_, answer_;
  int fd_ = -1;
};

// Sums the samples of one metric name in an exposition text.
inline double sum_of(const std::string& text, std::string_view name) {
  double sum = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    if (line.starts_with(name) && line.size() > name.size() && (line[name.size()] == '{' || line[name.size()] == ' ')) {
      const std::size_t value = line.rfind("} ");
      sum += std::atof(std::string(line.substr(value == std::string_view::npos ? name.size() : value + 2)).c_str());
    }
    at = end + 1;
  }
  return sum;
}

}  // namespace tocsin::bench
