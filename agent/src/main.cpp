// SPDX-License-Identifier: Apache-2.0
// tocsin: `tocsin help` tells the commands.
#include <string_view>
#include <vector>

#include "agent/commands/commands.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  return tocsin::agent::run_program(words);
}
