// SPDX-License-Identifier: Apache-2.0
// CurlLibrary: libcurl's functions, loaded when the first client is made. Debian's libcurl brings 30 libraries into a
// process (Kerberos, LDAP, GnuTLS ...), three megabytes that an agent without a destination does without.
//
//   if (auto loaded = load_curl(); !loaded) return loaded.error();
//   CURL* easy = curl().easy_init();
//
// Threads: thread-safe once loaded.
#pragma once

#include <curl/curl.h>

#include "meters/base/result.h"

namespace tocsin::wire {

struct CurlLibrary {
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_multi_init) multi_init;
  decltype(&curl_multi_cleanup) multi_cleanup;
  decltype(&curl_multi_add_handle) multi_add_handle;
  decltype(&curl_multi_remove_handle) multi_remove_handle;
  decltype(&curl_multi_perform) multi_perform;
  decltype(&curl_multi_poll) multi_poll;
  decltype(&curl_multi_wakeup) multi_wakeup;
  decltype(&curl_multi_info_read) multi_info_read;
};

// Once for the process; it stays. Errors: Environment, when the library is not there or has not all of it.
Result<void> load_curl();

// Requires: load_curl() succeeded.
const CurlLibrary& curl() noexcept;

}  // namespace tocsin::wire
