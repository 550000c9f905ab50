// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "agent/app.h"
#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/signals.h"
#include "agent/config.h"
#include "agent/service_notifier.h"
#include "agent/version.h"

namespace tocsin::agent {

namespace {

using namespace std::chrono_literals;

void print(const TomlFaults& faults) {
  for (const TomlFault& fault : faults) std::fprintf(stderr, "%s\n", fault.text().c_str());
}

// Re-reads the configuration on request of a signal or of POST /-/reload, one at a time.
class Reloader {
 public:
  Reloader(ConfigOptions options, const Config& in_force, Log& log) : log_(log), options_(std::move(options)) { remember(in_force); }

  void attach(App& app) {
    const std::lock_guard lock(mutex_);
    app_ = &app;
  }

  Result<void> reload() {
    const std::lock_guard lock(mutex_);
    if (app_ == nullptr) return Error{Fault::Exhausted, "the agent is still starting"};
    notifier_.reloading();
    TomlFaults faults;
    auto config = std::make_shared<const Config>(load_config(options_, faults));
    if (!faults.empty()) {
      app_->reload_failed();
      std::string all;
      for (const TomlFault& fault : faults) all += fault.text() + '\n';
      for (const TomlFault& fault : faults) log_.error("configuration refused", {{"fault", fault.text()}});
      return stays(Error{Fault::Configuration, all});
    }
    if (auto reloaded = app_->reload(config); !reloaded) {
      log_.error("configuration refused", {{"fault", reloaded.error().message}});
      return stays(reloaded.error());
    }
    remember(*config);
    log_.info("configuration reloaded", {{"config", config->file.empty() ? "defaults" : config->file}});
    notifier_.ready("configuration reloaded");
    return {};
  }

 private:
  // A file that was found is looked for from then on: that it is gone must not look like the wish for the defaults.
  void remember(const Config& in_force) {
    if (!in_force.file.empty()) options_.file = in_force.file;
  }
  Error stays(Error error) const {
    notifier_.ready("the configuration in the file is refused; the one before is in force");
    return error;
  }

  Log& log_;
  const ServiceNotifier notifier_{};
  std::mutex mutex_;
  ConfigOptions options_;  // guarded by mutex_
  App* app_ = nullptr;     // guarded by mutex_
};

// systemd is told only of what is seen: twice as often as it must be, that the tick thread moved in half of its time.
void serve(App& app, Reloader& reloader, Log& log, const sigset_t& signals) {
  const ServiceNotifier notifier;
  const auto watchdog = notifier.watchdog_interval();
  for (;;) {
    const int number = wait_for_signal(signals, watchdog ? std::chrono::nanoseconds(*watchdog) / 2 : 1h);
    if (number == SIGHUP) {
      (void)reloader.reload();  // its faults are in the log
    } else if (number != 0) {
      log.info("stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
      notifier.stopping();
      return;
    }
    if (watchdog && app.progresses(*watchdog)) notifier.alive();
  }
}

}  // namespace

int run_command(Words words) {
  ConfigOptions options;
  Arguments arguments("run", "Runs the agent. SIGHUP or POST /-/reload re-reads the configuration; SIGTERM drains and stops.");
  arguments.text("config", "FILE", "configuration (default: tocsin.toml here if there is one, else the defaults)",
                 options.file);
  arguments.text("data-dir", "DIR", "where state is kept", options.data_dir);
  arguments.texts("set", "SECTION.KEY=VALUE", "one setting, over what the file says; may be repeated", options.settings);
  const auto parsed = arguments.parse(words);
  if (!parsed) {
    std::fprintf(stderr, "tocsin run: %s\n\n%s", parsed.error().message.c_str(), arguments.help().c_str());
    return kExitMisuse;
  }
  if (!*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;

  TomlFaults faults;
  auto config = std::make_shared<const Config>(load_config(options, faults));
  if (!faults.empty()) return print(faults), kExitMisuse;

  const sigset_t signals = block_signals();
  LogOptions log_options;
  log_options.level = config->log_level;
  log_options.format = config->log_format;
  Log log(log_options);
  log.info("starting", {{"version", kVersion}, {"config", config->file.empty() ? "defaults" : config->file}});
  Reloader reloader(options, *config, log);
  auto app = App::start(config, log, [&reloader] { return reloader.reload(); });
  if (!app) {
    log.error("cannot start", {{"reason", app.error().message}});
    return kExitMisuse;
  }
  reloader.attach(**app);
  std::string serving;
  for (const ListenerState& listener : (*app)->listeners())
    if (listener.fault.empty()) serving += (serving.empty() ? "" : ", ") + listener.name + ' ' + listener.address;
  ServiceNotifier().ready("serving " + serving);
  serve(**app, reloader, log, signals);
  (*app)->stop();
  log.info("stopped");
  return kExitOk;
}

}  // namespace tocsin::agent
