// SPDX-License-Identifier: Apache-2.0
// Credentials: what a listener asks of its clients, and the one check of it, for HTTP's Authorization header and gRPC's
// `authorization` metadata alike.
//
//   CredentialCheck check({.users = {{"ann", "$6$..."}}, .bearer_tokens = {"t0ken"}});
//   if (!check.accepts(authorization)) return refuse(check.challenge());
//
// Threads: thread-safe. Costs a few compares that take the same time wherever the texts differ; a hashed password is
// checked by crypt(3) once and then remembered.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::wire {

struct User {
  std::string name;
  std::string secret;  // the password, or its crypt(3) hash when it starts with '$' (bcrypt, SHA-512, yescrypt)
};

// With at least one entry every request must carry one of them.
struct Credentials {
  std::vector<User> users;                 // Authorization: Basic
  std::vector<std::string> bearer_tokens;  // Authorization: Bearer
  bool empty() const noexcept { return users.empty() && bearer_tokens.empty(); }
};

class CredentialCheck {
 public:
  explicit CredentialCheck(Credentials credentials) : credentials_(std::move(credentials)) {}

  // False: nobody is asked, and accepts() need not be.
  bool asks() const noexcept { return !credentials_.empty(); }
  // `authorization` is the header's value: "Basic ...", "Bearer ...".
  bool accepts(std::string_view authorization);
  // The WWW-Authenticate value for a 401.
  std::string challenge() const;

 private:
  bool password_matches(const User& user, std::string_view password);

  const Credentials credentials_;
  std::mutex mutex_;                     // also makes crypt(3) run one at a time: guessing burns one core at most
  std::vector<std::string> remembered_;  // guarded by mutex_: "name\npassword" that matched a hash
};

// Takes the same time wherever the texts differ.
bool equals_in_constant_time(std::string_view secret, std::string_view given) noexcept;

}  // namespace tocsin::wire
