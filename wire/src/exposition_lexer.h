// SPDX-License-Identifier: Apache-2.0
// ExpositionLexer: one line of a text exposition after the other. It knows how a line is written, not what lines mean
// together. Strict as OpenMetrics' grammar asks, or as easy about white space as Prometheus is with text 0.0.4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/exposition_parser.h"

namespace tocsin::wire {

class ExpositionLexer {
 public:
  enum class Line : std::uint8_t { End, Help, Type, Unit, Eof, Sample, Fault };
  enum class Grammar : std::uint8_t { Text, OpenMetrics };

  ExpositionLexer(Grammar grammar, std::string_view body, Exposition& into) noexcept
      : strict_(grammar == Grammar::OpenMetrics), begin_(body.data()), end_(body.data() + body.size()), at_(begin_),
        into_(into) {}

  // Labels of a sample and of its exemplar are appended to `into`; blank lines and comments are passed over (text).
  Line next();

  // Of the line that was read. Help is unescaped.
  std::string_view name, text;
  ExpositionSample sample;
  double time = 0;       // seconds (text: milliseconds), where has_time
  bool has_time = false;
  bool has_exemplar = false;
  ExpositionExemplar exemplar;

  // Where the line's parts begin, for faults that are found later.
  const char* line_begin = nullptr;
  const char* value_begin = nullptr;

  // "line 3, column 7: <what>".
  Error fault(const char* where, std::string_view what) const;
  // After Line::Fault.
  Error error() const { return fault(fault_at_, fault_); }
  bool at_end() const noexcept { return at_ == end_; }
  const char* position() const noexcept { return at_; }

 private:
  bool fail(const char* where, std::string what);
  Line metadata();
  bool keyword(std::string_view word) noexcept;
  bool sample_line();
  bool metric_name();
  bool labels(bool name_inside, bool is_exemplar);
  bool label(bool& name_inside);
  bool unique(std::uint32_t first);
  bool quoted(std::string_view& out);
  bool rest_of_sample();
  bool exemplar_part();
  bool number(std::string_view what, double& out, bool finite);
  bool space(std::string_view before);
  void blanks() noexcept;
  bool line_end();
  std::string_view unescaped(std::string_view raw, bool quotes);

  const bool strict_;
  const char* const begin_;
  const char* const end_;
  const char* at_;
  Exposition& into_;
  const char* fault_at_ = nullptr;
  std::string fault_;
};

}  // namespace tocsin::wire
