// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "agent/catalogue/generate.h"
#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::Kind;

namespace {

// Within a cell of a table.
std::string cell(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '|') made += '\\';
    made += c == '\n' ? ' ' : c;
  }
  return made;
}

std::string code(std::string_view text) { return text.empty() ? "" : '`' + cell(text) + '`'; }

std::string labels_of(const DeclaredMeter& meter) {
  std::string made;
  for (const DeclaredLabel& label : meter.labels)
    made += (made.empty() ? "" : ", ") + code(label.name) + (label.optional ? "?" : "");
  return made;
}

std::string kind_of(const DeclaredMeter& meter) {
  std::string made(meters::to_text(meter.kind));
  if (meter.kind == Kind::Histogram) made += meter.bounds.empty() ? ", native" : meter.native ? ", classic and native" : ", classic";
  return made;
}

std::string formerly_of(const DeclaredMeter& meter) {
  if (meter.formerly.empty()) return "";
  return " Formerly " + code(meter.formerly) + ", a name that ends on " + meters::to_text(meter.formerly_until) + '.';
}

void add_labels(std::string& page, const CatalogueFile& catalogue) {
  if (catalogue.labels().empty()) return;
  page += "\n| label | meaning | values |\n|---|---|---|\n";
  for (const DeclaredLabel& label : catalogue.labels()) {
    std::string values;
    for (const std::string_view value : label.values) values += (values.empty() ? "" : ", ") + code(value);
    page += "| " + code(label.name) + (label.optional ? "?" : "") + " | " + cell(label.meaning) + " | " + values + " |\n";
  }
}

void add_ladders(std::string& page, const CatalogueFile& catalogue) {
  for (const DeclaredLadder& ladder : catalogue.ladders()) {
    std::string meters, bounds;
    for (const DeclaredMeter& meter : catalogue.meters())
      if (meter.bounds.data() == ladder.bounds.data()) meters += (meters.empty() ? "" : ", ") + code(meter.name);
    for (const double bound : ladder.bounds) {
      bounds += bounds.empty() ? "" : ", ";
      append_double(bounds, bound);
    }
    page += "\nBuckets of " + meters + ": " + bounds + ".\n";
  }
}

}  // namespace

std::string meters_page(std::span<const CatalogueFile> catalogues) {
  std::string page =
      "<!-- Made by `tocsin generate docs`: change the catalogue, not this page. -->\n"
      "# Meters\n\n"
      "Names as declared; where a unit or `_total` is added when scraped, the name in Prometheus stands below it. A label with a\n"
      "question mark is there only where it is set.\n";
  for (const CatalogueFile& catalogue : catalogues) {
    const std::string stem = std::filesystem::path(catalogue.file()).stem().string();
    page += "\n## " + (catalogue.title().empty() ? stem : catalogue.title()) + '\n';
    if (!catalogue.about().empty()) page += '\n' + std::string(trim(catalogue.about())) + '\n';
    page += "\n| meter | kind | unit | labels | what it is |\n|---|---|---|---|---|\n";
    for (const DeclaredMeter& meter : catalogue.meters()) {
      const std::string shown = meters::prometheus_name(meter.name, meter.unit, meter.kind);
      page += "| " + code(meter.name) + (shown == meter.name ? "" : "<br>" + code(shown)) + " | " + kind_of(meter) + " | " +
              code(meter.unit) + " | " + labels_of(meter) + " | " + cell(meter.help) + formerly_of(meter) + " |\n";
    }
    add_labels(page, catalogue);
    add_ladders(page, catalogue);
  }
  return page;
}

}  // namespace tocsin::agent
