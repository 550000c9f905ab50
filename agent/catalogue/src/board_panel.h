// SPDX-License-Identifier: Apache-2.0
// What is inside of one panel of a board's JSON. Threads: pure.
#pragma once

#include <string_view>

#include "agent/catalogue/board.h"
#include "wire/json_writer.h"

namespace tocsin::agent {

// Of all boards; the uid of a board is this, "-" and its file's name.
inline constexpr std::string_view kBoardTag = "tocsin";

// The member `datasource`: the variable.
void write_data_source(wire::JsonWriter& json);

// Targets, field configuration, options, transformations and links, into an open object. Requires: no row.
void write_panel(const BoardPanel& panel, const Board& board, wire::JsonWriter& json);

}  // namespace tocsin::agent
