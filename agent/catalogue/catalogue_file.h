// SPDX-License-Identifier: Apache-2.0
// CatalogueFile: meters declared in TOML, read with all faults at once, by the same rules as a Registry.
//
//   TomlFaults faults;
//   CatalogueFile catalogue = CatalogueFile::read(text, "shop.toml", faults);
//   for (const meters::DeclaredMeter& meter : catalogue.meters()) ...
//
// docs/catalogue.md describes the form. What has faults is left out.
// Threads: immutable. The views in it last as long as it does. Costs about a millisecond for 100 meters.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/catalogue/meter_alert.h"
#include "agent/toml.h"
#include "meters/catalogue.h"

namespace tocsin::agent {

// A ladder of bounds that several histograms share.
struct DeclaredLadder {
  std::string_view handle;
  std::span<const double> bounds;
};

class CatalogueFile {
 public:
  static CatalogueFile read(std::string_view text, const std::string& file, TomlFaults& faults);

  const std::string& file() const noexcept { return file_; }
  const std::string& title() const noexcept { return title_; }
  const std::string& about() const noexcept { return about_; }
  // In the file's order.
  const std::vector<meters::DeclaredLabel>& labels() const noexcept { return labels_; }
  const std::vector<DeclaredLadder>& ladders() const noexcept { return ladders_; }
  const std::vector<meters::DeclaredMeter>& meters() const noexcept { return meters_; }
  // In the file's order, each with its meter.
  const std::vector<MeterAlert>& alerts() const noexcept { return alerts_; }
  // Where each of meters() stands.
  const std::vector<TomlPlace>& places() const noexcept { return places_; }

 private:
  struct Reader;
  struct Texts;  // what the views see

  std::string file_, title_, about_;
  std::shared_ptr<Texts> texts_;
  std::vector<meters::DeclaredLabel> labels_;
  std::vector<DeclaredLadder> ladders_;
  std::vector<meters::DeclaredMeter> meters_;
  std::vector<MeterAlert> alerts_;
  std::vector<TomlPlace> places_;
};

// How a name of a catalogue is written in code: "http.server.requests" is the type HttpServerRequests; "5xx" as an
// enumerator is V5xx; "class" as a member is class_.
std::string type_name(std::string_view name);
std::string member_name(std::string_view name);

}  // namespace tocsin::agent
