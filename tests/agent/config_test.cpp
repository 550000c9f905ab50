// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/source_dir.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

Config read(std::string_view text, TomlFaults& faults) { return read_config(text, "tocsin.toml", {}, faults); }

TEST(Config, nothing_said_is_the_defaults_on_loopback) {
  TomlFaults faults;
  const Config config = read("", faults);
  EXPECT_TRUE(faults.empty());
  for (const std::string& address :
       {config.http.listen, config.otlp.grpc_listen, config.otlp.http_listen, config.statsd.udp_listen})
    EXPECT_TRUE(address.starts_with("127.0.0.1:")) << address;
  EXPECT_TRUE(config.exports.empty());
  EXPECT_FALSE(config.data_dir.empty());
}

TEST(Config, what_it_prints_it_reads_back) {
  TomlFaults faults;
  const Config config = read(
      "tick = \"1s\"\n[http]\nlisten = \"0.0.0.0:1\"\n[otlp]\npromote = [\"a.b\"]\nmax_request = \"1MiB\"\n"
      "translation_strategy = \"NoTranslation\"\n"
      "[[export]]\nname = \"collector\"\nendpoint = \"http://127.0.0.1:14317\"\ninterval = \"2s\"\n",
      faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  const Config again = read(to_toml_without_secrets(config), faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  EXPECT_EQ(again.http, config.http);
  EXPECT_EQ(again.otlp, config.otlp);
  EXPECT_EQ(again.statsd, config.statsd);
  EXPECT_EQ(again.limits, config.limits);
  EXPECT_EQ(again.exposition, config.exposition);
  EXPECT_EQ(again.exports, config.exports);
  EXPECT_EQ(again.tick, 1s);
}

TEST(Config, secrets_are_not_printed) {
  TomlFaults faults;
  const Config config = read(
      "[http.access]\nusers = { ann = \"hunter2\" }\nbearer_tokens = [\"tok3n\"]\n"
      "[[export]]\nendpoint = \"http://127.0.0.1:1\"\nheaders = { authorization = \"s3cret\" }\n"
      "[[export]]\nname = \"q\"\nprotocol = \"http/json\"\nspans = false\nmetrics_endpoint = \"http://ann:pa55@x:1/v1/metrics?api_key=k3y\"\n",
      faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  const std::string text = to_toml_without_secrets(config);
  for (const char* secret : {"hunter2", "tok3n", "s3cret", "pa55", "k3y"}) EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  EXPECT_NE(text.find("\"ann\" = \"<secret>\""), std::string::npos);
  EXPECT_NE(text.find("metrics_endpoint = \"http://x:1/v1/metrics\""), std::string::npos) << text;
}

TEST(Config, impossible_values_are_told_together) {
  TomlFaults faults;
  read(
      "external_url = \"agent.example\"\ntrace_url = \"http://jaeger/trace\"\n[otlp.tls]\nclient_ca_file = \"/dev/null\"\n"
      "[statsd]\ntimer_bounds = [1, inf]\n[http]\nlisten = \"9464\"\n[http.tls]\ncertificate_file = \"/none\"\n"
      "[[export]]\nname = \"a\"\nendpoint = \"http://x\"\n[[export]]\nname = \"a\"\nprotocol = \"htttp/json\"\n",
      faults);
  std::string all;
  for (const TomlFault& fault : faults) all += fault.text() + '\n';
  EXPECT_NE(all.find("tocsin.toml:1:16: \"external_url\""), std::string::npos) << all;
  EXPECT_NE(all.find("must be address:port"), std::string::npos) << all;
  EXPECT_NE(all.find("cannot read \"/none\""), std::string::npos) << all;
  EXPECT_NE(all.find("did you mean \"http/json\"?"), std::string::npos) << all;
  EXPECT_NE(all.find("client_ca_file\" in [otlp.tls]: needs certificate_file"), std::string::npos) << all;
  EXPECT_NE(all.find("\"timer_bounds\" in [statsd]: bound 2"), std::string::npos) << all;
  EXPECT_NE(all.find("must hold {trace_id}"), std::string::npos) << all;
  EXPECT_NE(all.find("another [[export]] has the name \"a\""), std::string::npos) << all;
}

TEST(Config, pushing_to_itself_is_refused) {
  TomlFaults faults;
  read("[otlp]\nhttp_listen = \"0.0.0.0:9999\"\n[[export]]\nendpoint = \"http://localhost:4317\"\n"
       "[[export]]\nname = \"b\"\nprotocol = \"http/json\"\nmetrics_endpoint = \"http://127.0.0.1:9999/v1/metrics\"\n"
       "[[export]]\nname = \"c\"\nendpoint = \"http://127.0.0.1:9998\"\n", faults);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_TRUE(faults[0].text().starts_with("tocsin.toml:4:")) << faults[0].text();
  EXPECT_NE(faults[0].text().find("feed itself"), std::string::npos);
  EXPECT_TRUE(faults[1].text().starts_with("tocsin.toml:8:")) << faults[1].text();
}

TEST(Config, what_an_export_over_grpc_cannot_do_is_told_at_once) {
  TomlFaults faults;
  read("[[export]]\nendpoint = \"https://collector:4317\"\ncompression = \"zstd\"\ninsecure_skip_verify = true\n", faults);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].place.line, 3U);
  EXPECT_EQ(faults[1].place.line, 4U);
  EXPECT_NE(faults[1].text().find("ca_file"), std::string::npos) << faults[1].text();
  faults.clear();
  read("[[export]]\nprotocol = \"http/json\"\nendpoint = \"https://collector:4318\"\ncompression = \"zstd\"\n"
       "insecure_skip_verify = true\n", faults);
  EXPECT_TRUE(faults.empty());
}

TEST(Config, ipv6_is_for_grpc_and_statsd_only) {
  TomlFaults faults;
  read("[http]\nlisten = \"[::1]:9464\"\n[otlp]\ngrpc_listen = \"[::1]:4317\"\nhttp_listen = \"[::]:4318\"\n[statsd]\n"
       "udp_listen = \"[::1]:8125\"\n", faults);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].place.line, 2U);
  EXPECT_EQ(faults[1].place.line, 5U);
  EXPECT_NE(faults[0].text().find("IPv4"), std::string::npos) << faults[0].text();
}

TEST(Config, receivers_of_alerts) {
  TomlFaults faults;
  const Config config = read_config(
      "[notify]\nexternal_labels = { dc = \"east\" }\n[[alertmanager]]\nurl = \"http://127.0.0.1:9093\"\n[[webhook]]\nname = \"chat\"\n"
      "url = \"https://h/x?token=s3cret\"\ngroup_by = [\"job\"]\ntext = \"{{ .Status }}\"\nbearer_token = \"s3cret\"\n[heartbeat]\n"
      "url = \"http://h/ping?s3cret\"\ninterval = \"30s\"\n", "t.toml", {}, faults);
  EXPECT_TRUE(faults.empty()) << faults.at(0).text();
  EXPECT_EQ(config.notify.alertmanagers.at(0).name, "http://127.0.0.1:9093");
  EXPECT_EQ(config.notify.webhooks.at(0).group_by, std::vector<std::string>{"job"});
  EXPECT_EQ(config.notify.heartbeat.interval, std::chrono::seconds{30});
  const std::string printed = to_toml_without_secrets(config);
  EXPECT_EQ(printed.find("s3cret"), std::string::npos) << printed;
  EXPECT_NE(printed.find("[[webhook]]"), std::string::npos);
}

TEST(Config, mistakes_about_receivers_are_told_at_once) {
  TomlFaults faults;
  (void)read_config("[[alertmanager]]\nname = \"a\"\n[[webhook]]\nname = \"a\"\nurl = \"ftp://h\"\ntext = \"{{ foo }}\"\ngroup_wait = \"x\"\n"
                    "bearer_token = \"t\"\nusername = \"u\"\n[heartbeat]\nca_file = \"/none\"\nurl = \"nothing\"\n", "t.toml", {}, faults);
  std::string all;
  for (const TomlFault& fault : faults) all += fault.text() + "\n";
  for (const char* expected : {"must be given, like", "another receiver has the name \"a\"", "function \"foo\" not defined", "group_wait",
                               "goes without username", "cannot read \"/none\"", "t.toml:5:", "t.toml:12:"})
    EXPECT_NE(all.find(expected), std::string::npos) << expected << " in\n" << all;
}

// Keys in the tables of docs/configuration.md, as config_keys() names them.
std::vector<std::string> documented_keys() {
  std::ifstream page(std::string(source_dir()) + "/docs/configuration.md");
  std::vector<std::string> keys;
  std::string section;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) {
      section = line.substr(3);
      std::erase_if(section, [](char c) { return c == '[' || c == ']'; });
      section = section == "Top level" ? "" : section + '.';
    } else if (line.starts_with("| `")) {
      keys.push_back(section + line.substr(3, line.find('`', 3) - 3));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

TEST(Config, every_key_is_documented_and_every_documented_key_is_read) {
  EXPECT_THAT(config_keys(), testing::ContainerEq(documented_keys()));
}

}  // namespace
}  // namespace tocsin::agent
