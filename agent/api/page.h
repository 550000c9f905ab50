// SPDX-License-Identifier: Apache-2.0
// The agent's own page: one HTML document for all its addresses, its script and style, the dashboards it draws and the
// runbooks. All of it is embedded in the program; nothing is asked of any other host (a strict Content-Security-Policy).
//
//   OwnBoards boards;                    // a person's own dashboards
//   add_page(router, {[] { return 15.0; }}, boards);
//   page_is_built();                     // false: this build carries no page; "/" is the plain index
//
// Threads: add_page() before the router serves; the handlers are thread-safe. Costs: the files lie compressed in the
// program; a client that takes no gzip costs a decompression.
#pragma once

#include <functional>

#include "agent/api/own_boards.h"
#include "agent/api/router.h"

namespace tocsin::agent {

struct PageFacts {
  std::function<double()> tick_seconds;
  std::function<std::string()> trace_url = {};  // with {trace_id} in it; empty: there is none
};

bool page_is_built();

// "/", the page's addresses, its scripts and style (when built); /dashboards/<file>.json, /dashboards/own/<uid>.json,
// /api/v1/runbooks/<name> and /api/v1/status/page always. `boards` must outlive the router.
void add_page(Router& router, PageFacts facts, OwnBoards& boards);

}  // namespace tocsin::agent
