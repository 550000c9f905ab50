// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/src/yaml_text.h"

#include "agent/api/page_assets.h"
#include "wire/compression.h"

namespace tocsin::agent {

std::string yaml_quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "''" : std::string(1, c);
  return made + '\'';
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::string made;
  for (const std::string& text : texts) made += (made.empty() ? "" : ", ") + yaml_quoted(text);
  return '[' + made + ']';
}

Result<std::vector<CarriedFile>> carried_files(std::string_view below, std::string_view ending) {
  constexpr std::size_t kMost = 32U << 20U;
  std::vector<CarriedFile> files;
  for (const PageAsset& asset : page_assets()) {
    if (!asset.path.starts_with(below) || !asset.path.ends_with(ending) || asset.path.ends_with("/index.json")) continue;
    auto text = wire::gunzip(asset.gzip, kMost);
    if (!text) return Error{Fault::Input, std::string(asset.path) + " in this program: " + text.error().message};
    files.push_back({std::string(asset.path.substr(below.size())), *std::move(text)});
  }
  if (files.empty()) return Error{Fault::Input, "this program was built without " + std::string(below) + "*" + std::string(ending)};
  return files;
}

}  // namespace tocsin::agent
