// SPDX-License-Identifier: Apache-2.0
// Templates of anyone's making: they parse or tell why, and what runs ends within its limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/template/alert_template.h"

using namespace tocsin;
using namespace tocsin::rules;
using namespace tocsin::rules::templates;

namespace {

Result<std::vector<QuerySample>> answer(const std::string& expression) {
  if (expression.size() % 3 == 0) return Error{Fault::Input, "no"};
  return std::vector<QuerySample>{{{{"__name__", expression}, {"instance", "b"}}, 21}, {{{"instance", "a"}}, 11.5}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Limits limits{.steps = 20'000, .bytes = 1 << 16, .depth = 50};
  const Environment environment{.query = answer, .external_url = "http://h:1/p", .now = from_unix_ns(1'700'000'000'000'000'000)};
  const auto parsed = Template::parse(text, {.name = "f", .prefix = "{{$labels := .Labels}}{{$value := .Value}}"});
  if (!parsed) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  (void)parsed->labels_used();
  const Value given = Value::structure("data", {{"Labels", Value::texts({{"instance", "a:1"}, {"job", "shop"}})},
                                                {"Value", Value(0.5)}, {"N", Value(std::int64_t{3})}});
  const auto result = parsed->execute(given, environment, limits);
  if (result && result->size() > limits.bytes) std::abort();
  if (!result && result.error().message.empty()) std::abort();
  return 0;
}
