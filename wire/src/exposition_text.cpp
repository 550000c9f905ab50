// SPDX-License-Identifier: Apache-2.0
// Text 0.0.4 and 1.0.0, as easily taken as Prometheus takes them: families may lie in pieces, metadata may come late.
#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "wire/src/exposition_formats.h"
#include "wire/src/exposition_lexer.h"
#include "wire/src/exposition_number.h"
#include "wire/src/exposition_roles.h"

namespace tocsin::wire {
namespace {

class TextReader {
 public:
  TextReader(std::string_view body, Exposition& into, const ExpositionOptions& options)
      : lexer_(ExpositionLexer::Grammar::Text, body, into), into_(into), options_(options) {}

  Result<void> read();

 private:
  using Line = ExpositionLexer::Line;

  std::uint32_t family_named(std::string_view name);
  void place(ExpositionSample& read);
  bool place_in(std::uint32_t family, ExpositionSample& read);
  void bound(ExpositionSample& read);
  bool same_metric(const ExpositionSample& read) const;

  ExpositionLexer lexer_;
  Exposition& into_;
  const ExpositionOptions& options_;
  std::uint32_t current_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

std::uint32_t TextReader::family_named(std::string_view name) {
  const auto [found, is_new] = by_name_.try_emplace(name, static_cast<std::uint32_t>(into_.families.size()));
  if (is_new) into_.families.push_back({.name = name});
  return found->second;
}

Result<void> TextReader::read() {
  while (true) {
    const Line kind = lexer_.next();
    if (kind == Line::Fault) return lexer_.error();
    if (kind == Line::End) return {};
    if (kind != Line::Sample) {
      current_ = family_named(lexer_.name);
      if (kind == Line::Help) {
        into_.families[current_].help = lexer_.text;
        continue;
      }
      const auto type = text_type(lexer_.text);
      if (!type)
        return lexer_.fault(lexer_.value_begin, "not a metric type: \"" + std::string(lexer_.text.substr(0, 40)) + '"');
      into_.families[current_].type = *type;
      continue;
    }
    ExpositionSample& sample = lexer_.sample;
    place(sample);
    bound(sample);
    sample.starts_metric = !same_metric(sample);
    into_.samples.push_back(sample);
    if (into_.samples.size() > options_.max_samples) return Error{Fault::TooLarge, "the body has too many samples"};
  }
}

bool TextReader::place_in(std::uint32_t family, ExpositionSample& read) {
  const ExpositionFamily& candidate = into_.families[family];
  const auto role = role_of(read.name, candidate.name, text_suffixes(candidate.type));
  if (!role) return false;
  read.family = family;
  read.role = *role;
  return true;
}

void TextReader::place(ExpositionSample& read) {
  if (current_ < into_.families.size() && place_in(current_, read)) return;
  // A family further up, by the name as it is or without a suffix that its type has.
  for (const std::string_view suffix : {"", "_bucket", "_count", "_sum", "_gcount", "_gsum"}) {
    if (!read.name.ends_with(suffix)) continue;
    const auto found = by_name_.find(read.name.substr(0, read.name.size() - suffix.size()));
    if (found != by_name_.end() && place_in(found->second, read)) return void(current_ = found->second);
  }
  // Of a histogram's family that has a bare sample, say: a sample of its own, of no known type.
  if (const auto found = by_name_.find(read.name); found != by_name_.end()) {
    read.family = found->second;
    return;
  }
  current_ = read.family = family_named(read.name);
}

void TextReader::bound(ExpositionSample& read) {
  const std::string_view name = bound_label(read.role);
  if (name.empty()) return;
  ExpositionLabel* const label = find_label(into_, read, name);
  const auto value = label == nullptr ? std::nullopt : exposition_number(label->text);
  if (!value) {
    read.role = SampleRole::Value;  // stored as it is, part of no histogram or summary
    return;
  }
  read.bound = *value;
  label->text = canonical_bound(label->text, *value, into_.texts);
}

// Of the sample before: the same family and labels, but for le and quantile.
bool TextReader::same_metric(const ExpositionSample& read) const {
  if (into_.samples.empty()) return false;
  const ExpositionSample& before = into_.samples.back();
  if (before.family != read.family || read.role == SampleRole::Value || read.role == SampleRole::Total) return false;
  if (read.role == before.role && bound_label(read.role).empty()) return false;
  const auto next = [](std::span<const ExpositionLabel> labels, std::string_view apart, std::size_t& i) {
    while (i < labels.size() && !apart.empty() && labels[i].name == apart) ++i;
  };
  const auto mine = into_.labels_of(read), other = into_.labels_of(before);
  const std::string_view my_apart = bound_label(read.role), other_apart = bound_label(before.role);
  for (std::size_t i = 0, j = 0;; ++i, ++j) {
    next(mine, my_apart, i);
    next(other, other_apart, j);
    if (i == mine.size() || j == other.size()) return i == mine.size() && j == other.size();
    if (mine[i].name != other[j].name || mine[i].text != other[j].text) return false;
  }
}

}  // namespace

Result<void> parse_text_exposition(std::string_view body, Exposition& into, const ExpositionOptions& options) {
  return TextReader(body, into, options).read();
}

}  // namespace tocsin::wire
