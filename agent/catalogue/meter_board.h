// SPDX-License-Identifier: Apache-2.0
// MeterBoard: a dashboard that shows every meter of a catalogue, made of nothing but the catalogue.
//
//   write(board_json(meter_board(catalogue)));
//
// A counter is its growth, a gauge its value, a histogram its quantiles and a heatmap, by the labels that are closed; limits of alerts
// are drawn. Who wants more describes a board (agent/catalogue/board.h). Threads: pure. Costs about 10 us a meter.
#pragma once

#include <string>

#include "agent/catalogue/board.h"
#include "agent/catalogue/catalogue_file.h"

namespace tocsin::agent {

// "tocsin-" and the file's name.
std::string meter_board_uid(const CatalogueFile& catalogue);
// Requires: a catalogue without faults.
Board meter_board(const CatalogueFile& catalogue);

}  // namespace tocsin::agent
