// SPDX-License-Identifier: Apache-2.0
#include "wire/escaping.h"

#include <gtest/gtest.h>

namespace tocsin::wire {
namespace {

struct Case {
  std::string_view name, underscores, dots, values;
};

// The cases of prometheus/common model/metric_test.go TestEscapeName, and ill-formed UTF-8.
constexpr Case kCases[] = {
    {"", "", "", ""},
    {"no:escaping_required", "no:escaping_required", "no:escaping__required", "no:escaping_required"},
    {"mysystem.prod.west.cpu.load", "mysystem_prod_west_cpu_load", "mysystem_dot_prod_dot_west_dot_cpu_dot_load",
     "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load"},
    {"mysystem.prod.west.cpu.load_total", "mysystem_prod_west_cpu_load_total",
     "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total", "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total"},
    {"http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"},
    {"label with 😱", "label_with__", "label__with____", "U__label_20_with_20__1f631_"},
    {"花火", "__", "____", "U___82b1__706b_"},
    {"label with Ā", "label_with__", "label__with____", "U__label_20_with_20__100_"},
    {"9lives", "_lives", "__lives", "U___39_lives"},
    {"bad\xFFtail", "bad_tail", "bad__tail", "U__bad_FFFD_tail"},
    {"cut\xE8\x8A", "cut__", "cut____", "U__cut_FFFD__FFFD_"},
};

TEST(Escaping, names_as_prometheus_escapes_them) {
  for (const Case& c : kCases) {
    EXPECT_EQ(escape_name(c.name, Escaping::Underscores), c.underscores);
    EXPECT_EQ(escape_name(c.name, Escaping::Dots), c.dots);
    EXPECT_EQ(escape_name(c.name, Escaping::Values), c.values);
    EXPECT_EQ(escape_name(c.name, Escaping::AllowUtf8), c.name);
  }
}

TEST(Escaping, a_colon_is_no_part_of_a_label_name) {
  EXPECT_TRUE(is_legacy_metric_name("a:b"));
  EXPECT_FALSE(is_legacy_label_name("a:b"));
  EXPECT_EQ(escape_label_name("a:b", Escaping::Underscores), "a_b");
  EXPECT_EQ(escape_label_name("a:b", Escaping::Values), "U__a_3a_b");
}

TEST(Escaping, texts) {
  std::string quoted, help;
  append_quoted_text(quoted, "a\\b\"c\nd");
  append_help_text(help, "a\\b\"c\nd");
  EXPECT_EQ(quoted, "a\\\\b\\\"c\\nd");
  EXPECT_EQ(help, "a\\\\b\"c\\nd");
}

TEST(Escaping, words) {
  for (const Escaping scheme : {Escaping::Underscores, Escaping::Dots, Escaping::Values, Escaping::AllowUtf8})
    EXPECT_EQ(parse_escaping(to_text(scheme)), scheme);
  EXPECT_EQ(parse_escaping("utf-8"), std::nullopt);
}

}  // namespace
}  // namespace tocsin::wire
