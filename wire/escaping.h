// SPDX-License-Identifier: Apache-2.0
// Escaping: how names and texts are written in the exposition formats. A scraper that cannot read UTF-8 names asks
// for one of three schemes; the functions are those of prometheus/common model.EscapeName.
//
//   escape_name("http.status", Escaping::Underscores);   // "http_status"
//   escape_name("http.status", Escaping::Dots);          // "http_dot_status"
//   escape_name("http.status", Escaping::Values);        // "U__http_2e_status"
//   append_quoted_text(out, "a\"b");                     // a\"b, without the surrounding quotes
//
// Threads: pure. Names are escaped once a family; texts that need no escaping are appended as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::wire {

enum class Escaping : std::uint8_t { Underscores, Dots, Values, AllowUtf8 };

// "underscores", "dots", "values", "allow-utf-8": the words of the escaping= parameter.
std::string_view to_text(Escaping scheme) noexcept;
std::optional<Escaping> parse_escaping(std::string_view word) noexcept;

// [a-zA-Z_:][a-zA-Z0-9_:]* and [a-zA-Z_][a-zA-Z0-9_]*: what is written without quotes.
bool is_legacy_metric_name(std::string_view name) noexcept;
bool is_legacy_label_name(std::string_view name) noexcept;

// Ill-formed UTF-8 counts as one invalid character a byte. AllowUtf8 returns the name as it is.
std::string escape_name(std::string_view name, Escaping scheme);
// The same for label names, in which ':' is not legal either.
std::string escape_label_name(std::string_view name, Escaping scheme);

// Backslash, double quote and line feed get a backslash: label values, quoted names, OpenMetrics' HELP.
void append_quoted_text(std::string& out, std::string_view text);
// Backslash and line feed only: HELP of text 0.0.4.
void append_help_text(std::string& out, std::string_view text);

}  // namespace tocsin::wire
