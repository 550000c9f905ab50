// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/arguments.h"

#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

struct Flags {
  Arguments arguments{"run", "the agent"};
  std::optional<std::string> config;
  std::vector<std::string> settings;
  std::uint64_t rate = 10;
  bool json = false;
  Flags() {
    arguments.text("config", "FILE", "configuration", config);
    arguments.texts("set", "KEY=VALUE", "one setting", settings);
    arguments.number("rate", "N", "requests a second", rate, 1, 1000);
    arguments.flag("json", "for machines", json);
  }
  Result<bool> parse(std::vector<std::string_view> words) { return arguments.parse(words); }
};

TEST(Arguments, reads_both_spellings) {
  Flags flags;
  ASSERT_TRUE(flags.parse({"--config", "a.toml", "--set=x.y=1", "--set", "z=2", "--rate=7", "--json"}).ok());
  EXPECT_EQ(flags.config, "a.toml");
  EXPECT_EQ(flags.settings, (std::vector<std::string>{"x.y=1", "z=2"}));
  EXPECT_EQ(flags.rate, 7U);
  EXPECT_TRUE(flags.json);
}

TEST(Arguments, says_what_is_wrong) {
  const auto message = [](std::vector<std::string_view> words) { return Flags().parse(std::move(words)).error().message; };
  EXPECT_EQ(message({"--confg", "x"}), "unknown flag --confg; did you mean --config?");
  EXPECT_EQ(message({"--config"}), "--config needs a value: --config FILE");
  EXPECT_EQ(message({"--rate", "0"}), "--rate: must be from 1 to 1000");
  EXPECT_EQ(message({"--rate", "many"}), "--rate: not a whole number: \"many\"");
  EXPECT_EQ(message({"--json=1"}), "--json takes no value");
  EXPECT_EQ(message({"word"}), "unexpected \"word\"");
}

TEST(Arguments, help_names_every_flag) {
  Flags flags;
  EXPECT_FALSE(*flags.parse({"--help"}));
  for (const char* text : {"--config FILE", "--set KEY=VALUE", "--rate N", "--json"})
    EXPECT_NE(flags.arguments.help().find(text), std::string::npos) << text;
}

}  // namespace
}  // namespace tocsin::agent
