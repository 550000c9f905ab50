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
      "[[export]]\nname = \"q\"\nprotocol = \"http/json\"\nspans = false\nmetrics_endpoint = \"http://x:1/v1/metrics?api_key=k3y\"\n",
      faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  const std::string text = to_toml_without_secrets(config);
  for (const char* secret : {"hunter2", "tok3n", "s3cret", "k3y"}) EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  EXPECT_NE(text.find("\"ann\" = \"<secret>\""), std::string::npos);
  EXPECT_NE(text.find("metrics_endpoint = \"http://x:1/v1/metrics\""), std::string::npos) << text;
}

TEST(Config, a_url_is_shown_without_what_may_be_secret) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://h:1/a", "http://h:1/a"},          {"http://h/a?key=s3cret", "http://h/a"},  {"https://u:s3cret@h/a", "https://h/a"},
      {"http://s3cret@[::1]:1/", "http://[::1]:1/"}, {"u:s3cret@h:1", "h:1"},              {"http:/u:s3cret@h", "h"},
      {"http://u:s3/cret@h/a", "http://h/a"},    {"http://u:s3?cret@h/a", "http://h/a"},   {"http://h/@team/a", "http://h/@team/a"},
      {"http://h:1/@team", "http://h:1/@team"},  {"h:1", "h:1"},                           {"", ""}};
  for (const auto& [url, shown] : cases) EXPECT_EQ(shown_url(url), shown) << url;
  EXPECT_EQ(with_shown_url("\"http://u:p@h/\" is wrong, http://u:p@h/", "http://u:p@h/"), "\"http://h/\" is wrong, http://h/");
}

std::vector<std::string> texts(const TomlFaults& faults) {
  std::vector<std::string> all;
  for (const TomlFault& fault : faults) all.push_back(fault.text());
  return all;
}

TEST(Config, endpoints_that_no_export_could_use_are_told_at_once_without_passwords) {
  TomlFaults faults;
  read("[[export]]\nname = \"a\"\nendpoint = \"foo\"\n[[export]]\nname = \"b\"\nendpoint = \"http:/x\"\n"
       "[[export]]\nname = \"c\"\nendpoint = \"http://127.0.0.1:1/v1/metrics\"\n[[export]]\nname = \"d\"\nendpoint = \"http://host:99999\"\n"
       "[[export]]\nname = \"e\"\nprotocol = \"http/json\"\nendpoint = \"http://u:s3cret@127.0.0.1:1/\"\n"
       "[[export]]\nname = \"f\"\nendpoint = \"u:s3cret@h:1\"\n[[export]]\nname = \"g\"\nprotocol = \"remote_write\"\nendpoint = \"h:1\"\n"
       "[[export]]\nname = \"h\"\nendpoint = \"http://h:1\"\nca_file = \"/dev/null\"\n"
       "[[webhook]]\nname = \"w\"\nurl = \"http://u:s3cret@h/\"\n", faults);
  EXPECT_THAT(texts(faults), testing::ElementsAre(
      testing::HasSubstr("tocsin.toml:3:12: \"endpoint\" in [export]: \"foo\" has no port"), testing::HasSubstr(":6:12: "),
      testing::HasSubstr("\"http://127.0.0.1:1/v1/metrics\" has a path"), testing::HasSubstr("impossible port"),
      testing::HasSubstr("\"http://127.0.0.1:1/\" carries a user name"), testing::HasSubstr("carries a user name"),
      testing::HasSubstr("has no scheme; write http://"), testing::HasSubstr(":27:11: \"ca_file\" in [export]: endpoint is plain text"),
      testing::HasSubstr(":30:7: \"url\" in [webhook]: URL \"http://h/\" carries a user name")));
  for (const std::string& text : texts(faults)) EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
  faults.clear();
  read("[[export]]\nendpoint = \"collector:4317\"\n[[export]]\nendpoint = \"https://[::1]\"\nca_file = \"/dev/null\"\n"
       "[[export]]\nprotocol = \"http/json\"\nendpoint = \"https://h/x?key=k3y\"\n", faults);
  EXPECT_TRUE(faults.empty()) << faults[0].text();
}

TEST(Config, a_hash_that_no_password_could_have_is_a_fault) {
  const std::string digest(86, 'x');
  const auto faults_of = [](const std::string& secret) {
    TomlFaults faults;
    read("[http.access]\nusers = { ann = \"" + secret + "\" }\n", faults);
    return texts(faults);
  };
  for (const std::string& good : {std::string("plain"), "$2b$10$" + digest.substr(0, 53), "$6$salt$" + digest, "$6$rounds=5000$salt$" + digest,
                                  "$y$j9T$salt$" + digest.substr(0, 43)})
    EXPECT_THAT(faults_of(good), testing::IsEmpty()) << good;
  for (const std::string& bad : {std::string("$2b$bad"), "$2b$10$" + digest.substr(0, 52), "$6$salt$" + digest.substr(1), std::string("$ecret"), std::string("$6$")})
    EXPECT_THAT(faults_of(bad), testing::ElementsAre(testing::HasSubstr("tocsin.toml:2:9: \"users\" in [http.access]: what stands for \"ann\" is not a valid hash"))) << bad;
}

TEST(Config, mistakes_in_relabelling_are_told_each_where_it_stands) {
  TomlFaults faults;
  read("[[scrape]]\nname = \"a\"\ntargets = [\"h:1\"]\n[[scrape.relabel]]\naction = \"kep\"\n[[scrape.relabel]]\nregex = \"(\"\naction = \"keep\"\n"
       "[[scrape.relabel]]\naction = \"hashmod\"\n[[scrape.metric_relabel]]\nregex = \"[\"\ntarget_label = \"x\"\n", faults);
  EXPECT_THAT(texts(faults), testing::ElementsAre(testing::AllOf(testing::HasSubstr(":5:10: "), testing::HasSubstr("did you mean \"keep\"?")),
                                                  testing::HasSubstr("regex \"(\""), testing::HasSubstr("hashmod needs a target_label"),
                                                  testing::HasSubstr("regex \"[\"")));
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
