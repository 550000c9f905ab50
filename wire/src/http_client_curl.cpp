// SPDX-License-Identifier: Apache-2.0
#include "wire/src/http_client_curl.h"

#include <dlfcn.h>

#include <string>

namespace tocsin::wire {

namespace {

constexpr const char* kLibrary = "libcurl.so.4";

CurlLibrary library{};

template <class Function>
void find(void* handle, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  if (function == nullptr) missing.append(missing.empty() ? "" : ", ").append(name);
}

Result<void> load() {
  void* handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return Error{Fault::Environment, "HTTP calls need libcurl: " + std::string(::dlerror())};
  std::string missing;
  find(handle, "curl_global_init", library.global_init, missing);
  find(handle, "curl_easy_init", library.easy_init, missing);
  find(handle, "curl_easy_cleanup", library.easy_cleanup, missing);
  find(handle, "curl_easy_setopt", library.easy_setopt, missing);
  find(handle, "curl_easy_getinfo", library.easy_getinfo, missing);
  find(handle, "curl_easy_strerror", library.easy_strerror, missing);
  find(handle, "curl_slist_append", library.slist_append, missing);
  find(handle, "curl_slist_free_all", library.slist_free_all, missing);
  find(handle, "curl_multi_init", library.multi_init, missing);
  find(handle, "curl_multi_cleanup", library.multi_cleanup, missing);
  find(handle, "curl_multi_add_handle", library.multi_add_handle, missing);
  find(handle, "curl_multi_remove_handle", library.multi_remove_handle, missing);
  find(handle, "curl_multi_perform", library.multi_perform, missing);
  find(handle, "curl_multi_poll", library.multi_poll, missing);
  find(handle, "curl_multi_wakeup", library.multi_wakeup, missing);
  find(handle, "curl_multi_info_read", library.multi_info_read, missing);
  if (!missing.empty()) return Error{Fault::Environment, std::string(kLibrary) + " is too old: it has no " + missing};
  library.global_init(CURL_GLOBAL_DEFAULT);
  return {};
}

}  // namespace

Result<void> load_curl() {
  static const Result<void> loaded = load();
  return loaded;
}

const CurlLibrary& curl() noexcept { return library; }

}  // namespace tocsin::wire
