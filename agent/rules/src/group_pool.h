// SPDX-License-Identifier: Apache-2.0
// GroupPool: a few threads that evaluate rule groups, each a job that runs on one of them.
//
//   GroupPool pool(4);
//   pool.post([](const std::stop_token& stop) { ... });
//   pool.stop();                                     // jobs under way see the token; those not begun are dropped
//
// Threads: thread-safe; its own are called "rules-0" and so on. Costs a lock a job.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace tocsin::agent {

class GroupPool {
 public:
  using Job = std::function<void(const std::stop_token&)>;

  explicit GroupPool(std::size_t threads);
  ~GroupPool() { stop(); }
  GroupPool(const GroupPool&) = delete;
  GroupPool& operator=(const GroupPool&) = delete;

  void post(Job job);
  void stop();  // safe twice

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> jobs_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace tocsin::agent
