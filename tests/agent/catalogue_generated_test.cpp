// SPDX-License-Identifier: Apache-2.0
// What is committed of what is generated is what would be generated now.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/catalogue/board.h"
#include "agent/catalogue/generate.h"
#include "tests/source_dir.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = source_dir();
// The order of docs/meters.md; `./dev generate` has the same.
constexpr std::array<std::string_view, 5> kCatalogues{"request", "process", "host", "tocsin", "slo"};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

std::vector<CatalogueFile> shipped() {
  std::vector<CatalogueFile> catalogues;
  for (const std::string_view name : kCatalogues) {
    const std::string file = "meters/catalogue/" + std::string(name) + ".toml";
    TomlFaults faults;
    catalogues.push_back(CatalogueFile::read(text_of(kSource / file), file, faults));
    for (const TomlFault& fault : faults) ADD_FAILURE() << fault.text();
  }
  return catalogues;
}

TEST(Generated, headers_are_those_of_the_catalogue) {
  for (const CatalogueFile& catalogue : shipped()) {
    const fs::path header = kSource / "meters/generated" / fs::path(catalogue.file()).stem().concat(".h");
    EXPECT_EQ(text_of(header), handle_header(catalogue, {"tocsin::meters", "Apache-2.0"})) << "stale: run ./dev generate";
  }
}

TEST(Generated, the_page_of_meters_is_that_of_the_catalogue) {
  EXPECT_EQ(text_of(kSource / "docs/meters.md"), meters_page(shipped())) << "stale: run ./dev generate";
}

TEST(Generated, dashboards_are_those_that_are_described) {
  std::size_t boards = 0;
  for (const auto& entry : fs::directory_iterator(kSource / "dashboards/boards")) {
    ++boards;
    TomlFaults faults;
    const Board board = read_board(text_of(entry.path()), entry.path().filename().string(), faults);
    for (const TomlFault& fault : faults) ADD_FAILURE() << fault.text();
    const std::string stem = entry.path().stem().string();
    EXPECT_EQ(board.uid, "tocsin-" + stem) << "links between boards rely on it";
    EXPECT_EQ(text_of(kSource / "dashboards" / (stem + ".json")), board_json(board)) << "stale: run ./dev generate";
    for (const BoardPanel& panel : board.panels)
      EXPECT_TRUE(panel.to.empty() || fs::exists(kSource / "dashboards/boards" / (panel.to + ".toml"))) << stem << ": " << panel.title;
  }
  std::size_t made = 0;
  for (const auto& entry : fs::directory_iterator(kSource / "dashboards")) made += entry.path().extension() == ".json" ? 1 : 0;
  EXPECT_EQ(made, boards) << "a dashboard without its description";
}

TEST(Generated, every_catalogue_has_its_header_and_the_other_way_round) {
  for (const auto& [folder, extension] : {std::pair{"meters/catalogue", ".toml"}, std::pair{"meters/generated", ".h"}})
    for (const auto& entry : fs::directory_iterator(kSource / folder)) {
      EXPECT_EQ(entry.path().extension(), extension);
      EXPECT_NE(std::find(kCatalogues.begin(), kCatalogues.end(), entry.path().stem().string()), kCatalogues.end()) << entry.path();
    }
}

}  // namespace
}  // namespace tocsin::agent
