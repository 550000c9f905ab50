// SPDX-License-Identifier: Apache-2.0
// The commands of the program, as one table: name, purpose, function.
//
//   return run_program(words);      // {"run", "--config", "tocsin.toml"}; the exit status
//
// Exit status: 0; 1 where there are findings; 2 for misuse or a configuration that cannot be started with.
// Threads: the main thread.
#pragma once

#include <span>
#include <string_view>

namespace tocsin::agent {

inline constexpr int kExitOk = 0, kExitFindings = 1, kExitMisuse = 2;

using Words = std::span<const std::string_view>;

int run_program(Words words);

// Each command; `words` is what stands behind its name.
int run_command(Words words);
int demo_command(Words words);
int check_command(Words words);
int test_command(Words words);
int query_command(Words words);
int generate_command(Words words);
int silence_command(Words words);
int explain_command(Words words);

}  // namespace tocsin::agent
