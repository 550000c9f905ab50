// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_post.h"

#include "meters/base/text.h"
#include "wire/url.h"

namespace tocsin::exporters {

wire::HttpHeaders own_headers(const DestinationOptions& options) {
  wire::HttpHeaders headers;
  for (const auto& [name, value] : options.headers) headers.add(name, value);
  if (!headers.contains("User-Agent")) headers.add("User-Agent", "tocsin");
  return headers;
}

Result<void> check_headers(const DestinationOptions& options) {
  for (const auto& [name, value] : options.headers)
    for (const std::string_view reserved : {"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Host",
                                            "X-Prometheus-Remote-Write-Version"})
      if (equal_ignoring_case(name, reserved))
        return Error{Fault::Configuration, "export \"" + options.name + "\": the header " + name + " is set by the protocol"};
  return {};
}

Result<void> check_url(const DestinationOptions& options, const std::string& given) {
  const auto url = wire::parse_url(given);
  if (url) return {};
  std::string message = "export \"" + options.name + "\": endpoint \"" + given + "\": " + url.error().message;
  if (given.find("://") == std::string::npos) message += "; did you mean \"http://" + given + "\"?";
  return Error{Fault::Configuration, std::move(message)};
}

}  // namespace tocsin::exporters
