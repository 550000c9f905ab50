// SPDX-License-Identifier: Apache-2.0
// Identity: who a sender is, from its resource attributes. OTLP metrics and spans use this one function, so that both
// of one process get the same job and instance.
//
//   Resource sender = identify(std::move(attributes), schema_url, promoted);
//   sender.job;            // "shop/checkout": service.namespace/service.name
//   sender.instance;       // service.instance.id, or its stand-in
//
// Without service.name the job is "unknown_service". The stand-in for an absent service.instance.id is the first of
// k8s.pod.uid, k8s.pod.name, container.id, host.id, host.name that is there (a process.pid follows after ':', since
// forked workers share all the others), else the process.pid alone, else "r-" and a hash of all attributes: the same
// resource always has the same instance, also after a restart of this process.
// Threads: pure. Costs a few allocations: once a resource, never a point.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "meters/attributes.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

// `promoted` are attribute keys that become labels on every series of the sender, where they are set; their label names
// are made by `names`, and of two that become one name the texts are joined with ';'. The attributes need
// not be normalized.
Resource identify(Attributes attributes, std::string schema_url, std::span<const std::string> promoted = {},
                  NameStrategy names = NameStrategy::UnderscoreEscapingWithSuffixes);

// Of normalized attributes; what identify() puts into the Resource.
std::string job_of(const Attributes& attributes);
std::string instance_of(const Attributes& attributes);

inline constexpr std::string_view kUnknownService = "unknown_service";

}  // namespace tocsin::meters
