// SPDX-License-Identifier: Apache-2.0
// URLs in a configuration: read, checked, and shown without what is secret in them.
//
//   read_url(table, "url", config.url);                   // what is no URL is a fault of the place where it stands
//   log.info("exporting", {{"endpoint", shown_url(config.url)}});
//
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/toml.h"

namespace tocsin::agent {

// An http or https URL with a host and without credentials; leaves `into` as it is where the key is absent.
void read_url(TomlTable& table, std::string_view key, std::string& into);
// For those that were read otherwise. Empty is none.
void check_url(TomlTable& table, std::string_view key, const std::string& url);
// "host:port", "http://host:port" or "https://host:port": what gRPC goes to.
void check_grpc_target(TomlTable& table, std::string_view key, const std::string& target);

// Without what may be secret: the query, and what stands before the host.
std::string shown_url(std::string_view url);
// A message that may quote the URL, with it as it may be shown.
std::string with_shown_url(std::string message, const std::string& url);

}  // namespace tocsin::agent
