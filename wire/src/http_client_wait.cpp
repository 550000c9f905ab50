// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "wire/http_client.h"

namespace tocsin::wire {

Result<HttpReply> HttpClient::call(HttpCall call, const std::stop_token& stop) {
  struct Slot {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<HttpReply>> result;  // guarded by mutex
  };
  const auto slot = std::make_shared<Slot>();
  const CallId id = send(std::move(call), [slot](Result<HttpReply> result) {
    const std::lock_guard lock(slot->mutex);
    slot->result = std::move(result);
    slot->ready.notify_one();
  });
  const std::stop_callback cancel_it(stop, [this, id] { cancel(id); });
  // No deadline here: the loop ends every call, by its reply, its timeout, cancel() or stop().
  std::unique_lock lock(slot->mutex);
  slot->ready.wait(lock, [&] { return slot->result.has_value(); });
  return std::move(*slot->result);
}

}  // namespace tocsin::wire
