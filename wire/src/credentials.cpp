// SPDX-License-Identifier: Apache-2.0
#include "wire/credentials.h"

#include <crypt.h>

#include <algorithm>
#include <memory>

#include "meters/base/text.h"
#include "wire/base64.h"
#include "wire/http_message.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t kRemembered = 16;

// "Basic abc" with scheme "basic": "abc".
std::string_view after_scheme(std::string_view authorization, std::string_view scheme) noexcept {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return {};
  if (!equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return {};
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

}  // namespace

bool equals_in_constant_time(std::string_view secret, std::string_view given) noexcept {
  unsigned difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(expected ^ given[i]);
  }
  return difference == 0;
}

bool CredentialCheck::accepts(std::string_view authorization) {
  const std::string_view token = after_scheme(authorization, "Bearer");
  bool found = false;
  for (const std::string& expected : credentials_.bearer_tokens) {
    if (!expected.empty() && !token.empty()) found |= equals_in_constant_time(expected, token);
  }
  if (found) return true;
  const auto basic = base64_decode(after_scheme(authorization, "Basic"));
  const std::size_t colon = basic ? basic->find(':') : std::string::npos;
  if (colon == std::string::npos) return false;
  const std::string_view name = std::string_view(*basic).substr(0, colon);
  const std::string_view password = std::string_view(*basic).substr(colon + 1);
  for (const User& user : credentials_.users) {
    if (equals_in_constant_time(user.name, name)) found |= password_matches(user, password);
  }
  return found;
}

bool CredentialCheck::password_matches(const User& user, std::string_view password) {
  if (!user.secret.starts_with('$')) return !user.secret.empty() && equals_in_constant_time(user.secret, password);
  if (password.find('\0') != std::string_view::npos) return false;  // crypt would look at the part before it
  const std::string pair = user.name + '\n' + std::string(password);
  const std::lock_guard lock(mutex_);
  bool known = false;
  for (const std::string& one : remembered_) known |= equals_in_constant_time(one, pair);
  if (known) return true;
  const auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_r(std::string(password).c_str(), user.secret.c_str(), data.get());
  if (hash == nullptr || hash[0] == '*' || !equals_in_constant_time(user.secret, hash)) return false;
  if (remembered_.size() >= kRemembered) remembered_.erase(remembered_.begin());
  remembered_.push_back(pair);
  return true;
}

std::string CredentialCheck::challenge() const {
  return credentials_.users.empty() ? "Bearer realm=\"tocsin\"" : "Basic realm=\"tocsin\", charset=\"UTF-8\"";
}

}  // namespace tocsin::wire
