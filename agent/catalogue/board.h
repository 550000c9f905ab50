// SPDX-License-Identifier: Apache-2.0
// Board: a dashboard as it is described, once and short, in dashboards/boards/*.toml; Grafana's JSON is made of it.
//
//   TomlFaults faults;
//   Board board = read_board(text, "dashboards/boards/overview.toml", faults);
//   write(board_json(board));                    // classic JSON for Grafana 10 and later, one file for import and provisioning
//
// dashboards/README.md describes the form. Threads: values. Costs a few milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/toml.h"

namespace tocsin::agent {

// From `at` on (the first: from anything) a value has this colour.
struct BoardStep {
  std::string colour;
  double at = 0;
};

struct BoardQuery {
  std::string expression;  // the board's words filled in
  std::string legend;
  std::string column;                // of a table: its heading
  std::optional<std::string> unit;   // of a table's column
  std::vector<BoardStep> steps;      // of a table's column
  bool limit = false;                // limits that a person set: drawn dashed
};

struct BoardPanel {
  enum class Kind : std::uint8_t { Stat, Lines, Bands, Heatmap, Table, Row };
  Kind kind = Kind::Lines;
  std::int64_t id = 0;  // what links name it by; never 0 after read_board()
  std::string title, description, unit, no_value;
  std::int64_t width = 12, height = 8;
  std::vector<BoardStep> steps;
  bool limit = false;      // the steps are drawn as dashed lines
  bool collapsed = false;  // of a row: the panels below it, up to the next one, are folded
  bool traces = false;     // links to the traces of the service, and exemplars
  std::optional<double> most;
  std::string to;                     // another board, by its name: where this panel leads
  std::vector<std::string> columns;   // of a table: labels, in order
  std::string sort;                   // of a table: the column with the largest first
  std::vector<BoardQuery> queries;
};

struct BoardVariable {
  std::string name, title, from;  // from: the selector whose label of that name it is
};

struct Board {
  std::string file, uid, title, description;
  std::string alerts;  // matchers of the alerts that belong here; empty: all
  std::string restarts;  // matchers of the processes whose restarts are shown; empty: all
  std::vector<BoardVariable> variables;
  std::vector<BoardPanel> panels;
};

Board read_board(std::string_view text, const std::string& file, TomlFaults& faults);

// Requires: a board without faults.
std::string board_json(const Board& board);

}  // namespace tocsin::agent
