// SPDX-License-Identifier: Apache-2.0
// The parts of `tocsin generate`: those that have flags of their own, and what all have in common.
//
// Threads: the main thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"

namespace tocsin::agent {

struct MadeFile {
  std::string path, text;
};

// Writes, or with `check` tells what is not as it would be written. The exit status.
int deliver(const std::vector<MadeFile>& files, bool check);

// Says what is wrong with the words, and how they go. The exit status.
int generate_misuse(const std::string& message, const Arguments& arguments);

// Reads the flags. The status to end with, where they are wrong or help is asked for.
std::optional<int> read_generate_flags(Arguments& arguments, Words words);

// `tocsin generate grafana|prometheus|alertmanager ...`: the exit status; nothing where it is none of these.
std::optional<int> generate_provisioning(Words words);

// `tocsin generate slo`: the objectives of a configuration as rule files of Prometheus, each with its unit test.
int generate_slo_command(Words words);

}  // namespace tocsin::agent
