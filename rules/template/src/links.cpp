// SPDX-License-Identifier: Apache-2.0
#include "rules/template/links.h"

#include "rules/template/src/functions.h"

namespace tocsin::rules::templates {
namespace {

std::string link(std::string_view expression, std::string_view tab) {
  return "/graph?g0.expr=" + query_escape(expression).append("&g0.tab=").append(tab);
}

}  // namespace

std::string table_link(std::string_view expression) { return link(expression, "1"); }
std::string graph_link(std::string_view expression) { return link(expression, "0"); }

}  // namespace tocsin::rules::templates
