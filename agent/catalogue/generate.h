// SPDX-License-Identifier: Apache-2.0
// What is made from catalogues: a C++ header of typed handles, and the page of meters.
//
//   write(handle_header(catalogue, {.name_space = "shop"}));       // meters/typed_meter.h says what is in it
//   write(meters_page(catalogues));
//
// Pure: the same catalogue makes the same text, so that a test can compare what is committed.
// Threads: all. Costs about a millisecond for 100 meters.
#pragma once

#include <span>
#include <string>

#include "agent/catalogue/catalogue_file.h"

namespace tocsin::agent {

struct HeaderOptions {
  std::string name_space;  // "shop::meters"
  std::string licence;     // of the first line, as an SPDX expression; empty: no such line
};

// Requires: a catalogue without faults; name_space is one of C++.
std::string handle_header(const CatalogueFile& catalogue, const HeaderOptions& options);

// Markdown: each meter with unit, labels and what they mean.
std::string meters_page(std::span<const CatalogueFile> catalogues);

}  // namespace tocsin::agent
