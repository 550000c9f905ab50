// SPDX-License-Identifier: Apache-2.0
// tests/rules/template/cases.txt holds templates with the answers of Prometheus' own template package.
#include "rules/template/template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "rules/template/alert_template.h"
#include "tests/source_dir.h"

namespace tocsin::rules::templates {
namespace {

Result<std::vector<QuerySample>> answer(const std::string& expression) {
  if (expression == "fail") return Error{Fault::Input, "query failed"};
  if (expression == "none") return std::vector<QuerySample>();
  return std::vector<QuerySample>{{{{"__name__", "metric"}, {"__value__", "v"}, {"instance", "b"}}, 21},
                                  {{{"__name__", "metric"}, {"instance", "a"}}, 11.5}};
}

const AlertLabels kLabels{{"instance", "host:9100"}, {"job", "shop"}}, kExternal{{"region", "east"}};
const AlertFacts kFacts{kLabels, kExternal, 0.0512345};

Environment environment() {
  return {.query = answer, .external_url = "http://testhost:9090/path/prefix",
          .now = Time{std::chrono::milliseconds{1'700'000'000'123}}};
}

std::string with_escaped_newlines(std::string_view text) {
  std::string out;
  for (const char c : text) c == '\n' ? out += "\\n" : out += c;
  return out;
}

// What is said of a regular expression is RE2's, the rest Go's.
bool same_but_for_regexp(const std::string& got, const std::string& expected) {
  const auto mark = expected.find("error parsing regexp: ");
  return mark != std::string::npos && got.substr(0, mark) == expected.substr(0, mark);
}

TEST(Template, GivesWhatPrometheusGives) {
  std::ifstream file(std::string(source_dir()) + "/tests/rules/template/cases.txt");
  ASSERT_TRUE(file);
  std::size_t cases = 0;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("template ")) continue;
    const std::string text = line.substr(9);
    ASSERT_TRUE(std::getline(file, line));
    ++cases;
    std::string got;
    const auto parsed = AlertTemplate::parse(text, "Test");
    if (!parsed) {
      got = "refused error parsing template __alert_Test: " + parsed.error().message;
    } else {
      bool failed = false;
      got = parsed->expand(kFacts, environment(), &failed);
      constexpr std::string_view kBefore = "<error expanding template: ";
      got = failed ? "fails " + got.substr(kBefore.size(), got.size() - kBefore.size() - 1) : "is " + got;
    }
    got = with_escaped_newlines(got);
    if (same_but_for_regexp(got, line)) continue;
    EXPECT_EQ(got, line) << text;
  }
  EXPECT_GT(cases, 160U);
}

TEST(Template, TellsThePlaceOfAFaultWithoutThePrefix) {
  Place place;
  const auto parsed = AlertTemplate::parse("a\nb {{ foo }}", "Test", &place);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(place.line, 2U);
  EXPECT_EQ(parsed.error().message, "template: __alert_Test:2: function \"foo\" not defined");
}

TEST(Template, KnowsWhichLabelsItReads) {
  const auto parsed = AlertTemplate::parse(
      "{{ $labels.job }}{{ if .Labels.dc }}{{ range query \"up\" }}{{ $.Labels.instance }}{{ end }}{{ end }}{{ $value }}", "Test");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->labels_used(), (std::vector<std::string>{"dc", "instance", "job"}));
}

TEST(Template, AnAlertFiresWhateverItsWords) {
  const auto parsed = AlertTemplate::parse("{{ $value | toUpper }}", "Test");
  ASSERT_TRUE(parsed);
  bool failed = false;
  EXPECT_TRUE(parsed->expand(kFacts, environment(), &failed).starts_with("<error expanding template: "));
  EXPECT_TRUE(failed);
}

// Whatever a template asks for, it ends, and in bounded memory.
TEST(Template, AlwaysEnds) {
  const char* endless[] = {
      "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}",
      "{{ range 1000000000 }}{{ end }}",
      "{{ range 1000000 }}{{ range 1000000 }}x{{ end }}{{ end }}",
      "{{ $x := \"ab\" }}{{ range 100 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}",
      "{{ $x := \"ab\" }}{{ range 18 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}{{ range 100000 }}{{ $y := $x }}{{ end }}",
      "{{ $x := args 1 }}{{ range 100000 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
      "{{ $x := args 1 }}{{ range 30 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
      "{{ range 1000 }}{{ printf \"%1000000d\" 1 }}{{ end }}",
      "{{ $x := printf \"%900000s\" \"\" }}{{ reReplaceAll \"\" $x $x }}",
      "{{ define \"a\" }}{{ template \"b\" }}{{ end }}{{ define \"b\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
  };
  for (const char* text : endless) {
    const auto parsed = Template::parse(text, {});
    ASSERT_TRUE(parsed) << text;
    const auto result = parsed->execute(Value(), environment());
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().fault, Fault::Exhausted) << text << ": " << result.error().message.substr(0, 200);
  }
}

TEST(Template, RefusesWhatIsNestedTooDeepOrTooLarge) {
  std::string parens(5'000, '(');
  EXPECT_FALSE(Template::parse("{{ " + parens + "1", {}));
  std::string ifs;
  for (int i = 0; i < 5'000; ++i) ifs += "{{ if true }}";
  EXPECT_FALSE(Template::parse(ifs, {}));
  std::string chain = "{{ if true }}";
  for (int i = 0; i < 5'000; ++i) chain += "{{ else if true }}";
  EXPECT_FALSE(Template::parse(chain + "{{ end }}", {}));
  const auto large = Template::parse(std::string(2 << 20, 'x'), {});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().fault, Fault::TooLarge);
}

TEST(Template, ListsEveryFunction) {
  const auto names = function_names();
  for (const char* name : {"query", "first", "label", "value", "strvalue", "args", "reReplaceAll", "safeHtml", "match", "title",
                           "toUpper", "toLower", "graphLink", "tableLink", "sortByLabel", "stripPort", "stripDomain",
                           "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp",
                           "toTime", "toDuration", "now", "pathPrefix", "externalURL", "parseDuration", "urlQueryEscape"}) {
    EXPECT_TRUE(std::binary_search(names.begin(), names.end(), name)) << name;
  }
}

}  // namespace
}  // namespace tocsin::rules::templates
