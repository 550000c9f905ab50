// SPDX-License-Identifier: Apache-2.0
// The message of a webhook: Alertmanager's JSON, version 4, and beside it a text made by a template of the same data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/outbox.h"
#include "rules/template/template.h"

namespace tocsin::agent {

struct MessageAlert {
  rules::AlertLabels labels, annotations;  // as they are sent
  Time starts_at, ends_at;                 // Time{}: firing
  std::string generator_url;
  bool ended() const noexcept { return ends_at != Time{}; }
};

struct WebhookMessage {
  std::string receiver, external_url;
  rules::AlertLabels group_labels;
  std::vector<MessageAlert> alerts;  // firing ones first
  std::size_t truncated = 0;

  bool firing() const noexcept;
};

// The template's result is the member "text". One that fails says so in its place, and in `fault`: the message goes out all the same.
std::string to_json(const WebhookMessage& message, const std::optional<rules::templates::Template>& text, Time now, std::string* fault = nullptr);

// Nothing for an empty text. Errors: Input, in Go's words.
Result<std::optional<rules::templates::Template>> parse_message_text(std::string_view text);

}  // namespace tocsin::agent
