// SPDX-License-Identifier: Apache-2.0
#include "agent/src/crypt_hash.h"

#include <algorithm>
#include <array>

namespace tocsin::agent {

namespace {

struct Method {
  std::string_view prefix;
  std::size_t digest;  // characters behind the last $
};
constexpr std::array<Method, 10> kMethods{{{"$2a$", 53}, {"$2b$", 53}, {"$2x$", 53}, {"$2y$", 53}, {"$y$", 43},
                                           {"$gy$", 43}, {"$7$", 43},  {"$6$", 86},  {"$5$", 43},  {"$1$", 22}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool in_alphabet(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/'; }

}  // namespace

bool is_crypt_hash(std::string_view text) noexcept {
  const auto method = std::ranges::find_if(kMethods, [&](const Method& one) { return text.starts_with(one.prefix); });
  if (method == kMethods.end()) return false;
  const auto last = text.rfind('$');
  const std::string_view digest = text.substr(last + 1), settings = text.substr(0, last).substr(std::min(last, method->prefix.size()));
  if (digest.size() != method->digest || !std::ranges::all_of(digest, in_alphabet)) return false;
  // bcrypt: nothing but the cost; the salt is the beginning of the digest. The others: a salt, at least.
  if (method->prefix.starts_with("$2")) return settings.size() == 2 && std::ranges::all_of(settings, is_digit);
  return last >= method->prefix.size() && std::ranges::all_of(settings, [](char c) { return in_alphabet(c) || c == '$' || c == '=' || c == ','; });
}

}  // namespace tocsin::agent
