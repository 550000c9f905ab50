// SPDX-License-Identifier: Apache-2.0
// An answer of /api/v1/query and query_range as a terminal or a spreadsheet wants it.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::agent {

struct QueryAnswer {
  struct Sample {
    double time = 0;    // unix seconds
    std::string value;  // as the API writes it; of a native histogram "{count:3, sum:4.5}"
  };
  struct Series {
    std::vector<std::pair<std::string, std::string>> labels;  // __name__ first where it is there
    std::vector<Sample> samples;
  };
  std::string type;  // scalar, string, vector, matrix
  std::vector<Series> series;
  std::vector<std::string> notes;  // warnings, then infos
};

// Errors: Input, where it is no answer of that API; its own words where it is an error.
Result<QueryAnswer> parse_answer(std::string_view json);

std::string name_of(const QueryAnswer::Series& series);  // name{a="b"}

// Rows of an instant: a column a label, then the value; of a range: a series a line, with a sparkline and its least,
// greatest and last value. Within `width` characters (0: as wide as it gets) as far as it goes: labels that all series
// share stand above, sparklines are shorter or have lines of their own.
std::string print_table(const QueryAnswer& answer, std::size_t width = 0);
// time,label...,value: a line a sample, quoted by RFC 4180.
std::string print_csv(const QueryAnswer& answer);
// "▁▂▅█": one character a sample, at most `width`; the mean where several share one, a space where there is none.
std::string sparkline(const std::vector<QueryAnswer::Sample>& samples, double start, double end, std::size_t width);

}  // namespace tocsin::agent
