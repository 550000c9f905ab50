// SPDX-License-Identifier: Apache-2.0
#include "meters/identity.h"

#include <cstdint>
#include <map>

#include "meters/descriptor.h"

namespace tocsin::meters {

namespace {

// FNV-1a: not keyed, so that the name is the same in every run.
std::uint64_t hash_of(const Attributes& attributes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash = (hash ^ 0xFF) * 0x100000001B3ULL;  // no byte of UTF-8: keeps "ab","c" and "a","bc" apart
  };
  for (const Attribute& attribute : attributes) {
    add(attribute.key);
    add(to_text(attribute.value));
  }
  return hash;
}

std::string hash_name(std::uint64_t hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name = "r-";
  for (int shift = 60; shift >= 0; shift -= 4) name.push_back(kDigits[(hash >> shift) & 15]);
  return name;
}

}  // namespace

std::string job_of(const Attributes& attributes) {
  std::string name = text_of(attributes, "service.name");
  if (name.empty()) name = kUnknownService;
  const std::string space = text_of(attributes, "service.namespace");
  return space.empty() ? name : space + '/' + name;
}

std::string instance_of(const Attributes& attributes) {
  std::string instance = text_of(attributes, "service.instance.id");
  if (!instance.empty()) return instance;
  for (const std::string_view key : {"k8s.pod.uid", "k8s.pod.name", "container.id", "host.id", "host.name"}) {
    instance = text_of(attributes, key);
    if (!instance.empty()) break;
  }
  const std::string pid = text_of(attributes, "process.pid");
  if (!pid.empty()) return instance.empty() ? pid : instance + ':' + pid;
  return instance.empty() ? hash_name(hash_of(attributes)) : instance;
}

Resource identify(Attributes attributes, std::string schema_url, std::span<const std::string> promoted,
                  NameStrategy names) {
  normalize(attributes);
  Resource resource;
  resource.names = names;
  resource.job = job_of(attributes);
  resource.instance = instance_of(attributes);
  std::map<std::string, std::string> labels;
  for (const std::string& key : promoted) {
    const std::string text = text_of(attributes, key);
    if (text.empty()) continue;
    const auto [label, added] = labels.try_emplace(prometheus_label_name(key, names), text);
    if (!added) label->second += ';' + text;
  }
  resource.promoted.assign(labels.begin(), labels.end());
  resource.attributes = std::move(attributes);
  resource.schema_url = std::move(schema_url);
  return resource;
}

}  // namespace tocsin::meters
