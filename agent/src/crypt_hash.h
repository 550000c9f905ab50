// SPDX-License-Identifier: Apache-2.0
// Whether a text has the form of a hash that crypt(3) makes, so that one that was cut or mistyped is told before somebody cannot log
// in. Threads: pure.
#pragma once

#include <string_view>

namespace tocsin::agent {

// crypt(5): bcrypt, yescrypt, scrypt, SHA-512, SHA-256, MD5.
bool is_crypt_hash(std::string_view text) noexcept;

}  // namespace tocsin::agent
