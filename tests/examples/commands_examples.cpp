// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/catalogue/board.h"
#include "agent/catalogue/catalogue_file.h"
#include "agent/catalogue/generate.h"
#include "agent/catalogue/meter_alert.h"
#include "agent/catalogue/meter_board.h"
#include "agent/check/check.h"
#include "agent/check/dashboard.h"
#include "agent/check/json_tree.h"
#include "agent/check/known_meters.h"
#include "agent/check/query_check.h"
#include "agent/check/seen_series.h"
#include "agent/check/unit.h"
#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/toml.h"
#include "rules/promql/ast.h"
#include "tests/examples/reader.h"

namespace tocsin::examples {

using namespace agent;
using rules::promql::ExprPtr;

void check(const std::string& expression);
int misuse(const Error& error);

int arguments_example(Words words) {
  Arguments arguments("run", "the agent");
  std::optional<std::string> file;
  arguments.text("config", "FILE", "configuration (default: tocsin.toml here, if there is one)", file);
  if (auto read = arguments.parse(words); !read) return misuse(read.error());
  return 0;
}

int commands_example(Words words) {
  return run_program(words);
}

void board_example(std::string_view text) {
  TomlFaults faults;
  Board board = read_board(text, "dashboards/boards/overview.toml", faults);
  write(board_json(board));
}

void catalogue_file_example(std::string_view text) {
  TomlFaults faults;
  CatalogueFile catalogue = CatalogueFile::read(text, "shop.toml", faults);
  for (const meters::DeclaredMeter& meter : catalogue.meters()) use(meter.name);
}

void generate_example(const CatalogueFile& catalogue, const std::vector<CatalogueFile>& catalogues) {
  write(handle_header(catalogue, {.name_space = "shop"}));
  write(meters_page(catalogues));
}

void meter_alert_example(TomlTable& table, const meters::DeclaredMeter& meter, TomlFaults& faults,
                         const CatalogueFile& catalogue) {
  std::vector<MeterAlert> alerts = read_meter_alerts(table, meter, faults);
  write(alert_rules(catalogue));
  write(alert_tests(catalogue, "../shop.yml"));
}

void meter_board_example(const CatalogueFile& catalogue) {
  write(board_json(meter_board(catalogue)));
}

void check_example(const std::string& text, const std::string& other) {
  std::vector<CheckedFile> checked = check_files({{"tocsin.toml", text}, {"shop.toml", other}});
  for (const CheckedFile& file : checked) for (const Finding& finding : file.findings) print(finding.text());
}

void dashboard_example(const JsonTree& tree) {
  DashboardReading dashboard = read_dashboard(tree);
  for (const DashboardQuery& query : dashboard.queries) check(filled_in(query.expression, true));
}

void json_tree_example(std::string_view text) {
  Result<JsonTree> tree = JsonTree::parse(text);
  if (const JsonValue* panels = tree->root().find("panels")) for (const JsonValue& panel : panels->items) use(panel);
  tree->place(tree->root().offset);
}

void known_meters_example(const CatalogueFile& catalogue) {
  KnownMeters known;
  known.add_shipped();
  for (const auto& meter : catalogue.meters()) known.add(meter);
  const KnownSeries* buckets = known.find("server_request_time_microseconds_bucket");
}

void query_check_example(const ExprPtr& expr, const KnownMeters& known) {
  QueryMeaning meaning = check_query(*expr, known);
  for (const QueryFinding& finding : meaning.findings) say(finding.message);
  meaning.unit, meaning.labels;
}

void seen_series_example(std::string_view content_type, std::string_view body, KnownMeters& known) {
  auto seen = series_of_exposition(content_type, body);
  known.restrict_to(*seen);
}

void unit_example() {
  Unit unit = Unit::of("us");
  Unit shown = *panel_unit("ms");
  if (!shown.fits(unit)) say(unit.words());
}

}  // namespace tocsin::examples
