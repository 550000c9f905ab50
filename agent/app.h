// SPDX-License-Identifier: Apache-2.0
// App: the resident agent. It owns every part, starts them downstream first and stops them upstream first.
//
//   auto app = App::start(config, log, reload);
//   if (!app) return app.error();
//   if (auto reloaded = (*app)->reload(new_config); !reloaded) ...   // as a difference: what did not change keeps running,
//                                        // nothing counted is lost; on an error the configuration before is in force
//   (*app)->stop();                      // drains within config.stop_timeout
//
// An optional listener that cannot be bound is told, by name, is not ready, and is tried again until it is; the rest runs.
// Only the HTTP listener that serves the page is indispensable.
// Threads: start, reload and stop from one owner; the queries are thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/listener_state.h"
#include "agent/log.h"
#include "meters/base/clock.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct Readiness {
  bool ready = true;
  std::vector<std::string> reasons;  // why not, one sentence each
};

class App {
 public:
  // Asks for a reload of the file, as SIGHUP does; given by the run command, called by POST /-/reload. Returns what to
  // answer.
  using ReloadRequest = std::function<Result<void>()>;

  static Result<std::unique_ptr<App>> start(std::shared_ptr<const Config> config, Log& log, ReloadRequest reload,
                                            const Clock& clock = SystemClock::instance());
  virtual ~App() = default;  // stops

  // Errors: when the page cannot be served as it says; nothing is changed then, and reload_failed() was called.
  virtual Result<void> reload(std::shared_ptr<const Config> config) = 0;
  // A configuration that could not be read: the old one stays, tocsin_config_last_reload_successful becomes 0.
  virtual void reload_failed() = 0;
  virtual void stop() = 0;

  virtual std::vector<ListenerState> listeners() const = 0;
  virtual Readiness readiness() const = 0;
  // The tick thread moved within that time: what the watchdog is told. It moves every second, whatever its interval, and
  // when a tick is done.
  virtual bool progresses(std::chrono::nanoseconds within) const = 0;
};

}  // namespace tocsin::agent
