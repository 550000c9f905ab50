// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "agent/catalogue/generate.h"
#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

using meters::DeclaredForm;
using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::DeclaredNumber;
using meters::Kind;

namespace {

std::string literal(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    if (c == '\n') {
      made += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      constexpr std::string_view kDigits = "01234567";
      const auto code = static_cast<unsigned char>(c);
      made += {'\\', kDigits[code >> 6U], kDigits[(code >> 3U) & 7U], kDigits[code & 7U]};
    } else {
      made += c;
    }
  }
  return made + '"';
}

// The words of `text` as lines of at most 120 columns, each behind `lead`.
std::string paragraph(std::string_view text, std::string_view lead) {
  std::string made, line;
  const auto flush = [&] {
    if (!line.empty()) made += std::string(lead) + line + '\n';
    line.clear();
  };
  std::string flat(text);
  std::replace(flat.begin(), flat.end(), '\n', ' ');
  for (const std::string_view word : split(flat, ' ')) {
    if (word.empty()) continue;
    if (!line.empty() && lead.size() + line.size() + 1 + word.size() > 120) flush();
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  flush();
  return made;
}

// "a, b, c" within braces, wrapped.
std::string list(const std::vector<std::string>& items, std::string_view indent = "    ") {
  std::string joined;
  for (std::size_t i = 0; i < items.size(); ++i) joined += items[i] + (i + 1 < items.size() ? ", " : "");
  if (joined.size() <= 70) return '{' + joined + '}';
  std::string made = "{\n", line;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    if (!line.empty() && indent.size() + line.size() + 1 + item.size() > 120) {
      made += std::string(indent) + line + '\n';
      line.clear();
    }
    line += (line.empty() ? "" : " ") + item;
  }
  return made + std::string(indent) + line + '}';
}

std::vector<std::string> literals(std::span<const std::string_view> texts) {
  std::vector<std::string> made;
  for (const std::string_view text : texts) made.push_back(literal(text));
  return made;
}

std::vector<std::string> numbers(std::span<const double> values) {
  std::vector<std::string> made;
  for (const double value : values) append_double(made.emplace_back(), value);
  return made;
}

std::string_view instrument(const DeclaredMeter& meter) {
  const bool integer = meter.number == DeclaredNumber::Integer;
  switch (meter.kind) {
    case Kind::Counter: return integer ? "Counter" : "DoubleCounter";
    case Kind::UpDownCounter: return integer ? "UpDownCounter" : "DoubleUpDownCounter";
    case Kind::Histogram: return "Histogram";
    case Kind::Gauge:
    case Kind::Summary: break;
  }
  return integer ? "IntegerGauge" : "Gauge";
}

std::string_view kind_word(Kind kind) {
  switch (kind) {
    case Kind::Counter: return "Kind::Counter";
    case Kind::UpDownCounter: return "Kind::UpDownCounter";
    case Kind::Histogram: return "Kind::Histogram";
    case Kind::Summary: return "Kind::Summary";
    case Kind::Gauge: break;
  }
  return "Kind::Gauge";
}

class HeaderWriter {
 public:
  HeaderWriter(const CatalogueFile& catalogue, const HeaderOptions& options)
      : catalogue_(catalogue), options_(options), own_(options.name_space == "tocsin::meters" ? "" : "::tocsin::meters::") {}

  std::string write() {
    begin();
    for (const DeclaredLabel& label : catalogue_.labels())
      if (label.closed()) add_enum(label);
    add_label_names();
    for (const DeclaredLadder& ladder : catalogue_.ladders())
      out_ += "inline constexpr std::array<double, " + std::to_string(ladder.bounds.size()) + "> k" + type_name(ladder.handle) +
              "Bounds = " + list(numbers(ladder.bounds)) + ";\n\n";
    for (const DeclaredMeter& meter : catalogue_.meters()) add_meter(meter);
    end();
    return std::move(out_);
  }

 private:
  void begin() {
    if (!options_.licence.empty()) out_ += "// SPDX-License-Identifier: " + options_.licence + '\n';
    out_ += "// Made by `tocsin generate header` from " + std::filesystem::path(catalogue_.file()).filename().string() +
            ": change that file, not this one.\n";
    if (!catalogue_.title().empty()) out_ += "//\n" + paragraph(catalogue_.title() + ". " + catalogue_.about(), "// ");
    out_ += "#pragma once\n\n#include <array>\n#include <cstdint>\n#include <string_view>\n\n#include \"meters/typed_meter.h\"\n\n"
            "namespace " + options_.name_space + " {\n\n";
  }

  void add_enum(const DeclaredLabel& label) {
    const std::string type = type_name(label.handle);
    std::vector<std::string> names;
    for (const std::string_view value : label.values) names.push_back(type_name(value));
    out_ += paragraph(std::string(label.name) + ": " + std::string(label.meaning), "// ");
    out_ += "enum class " + type + (names.size() <= 256 ? " : std::uint8_t " : " : std::uint16_t ") + list(names, "  ") + ";\n";
    out_ += "inline constexpr std::array<std::string_view, " + std::to_string(names.size()) + "> k" + type + "Words = " +
            list(literals(label.values)) + ";\n";
    out_ += "constexpr std::string_view to_text(" + type + " value) noexcept { return k" + type +
            "Words[static_cast<std::size_t>(value)]; }\n\n";
  }

  void add_label_names() {
    if (catalogue_.labels().empty()) return;
    out_ += "namespace label {\n";
    for (const DeclaredLabel& label : catalogue_.labels())
      out_ += "inline constexpr std::string_view k" + type_name(label.handle) + " = " + literal(label.name) + ";\n";
    out_ += "}  // namespace label\n\nnamespace declared {\n";
    for (const DeclaredLabel& label : catalogue_.labels()) {
      const std::string type = type_name(label.handle);
      out_ += "inline constexpr " + own_ + "DeclaredLabel k" + type + "{" + literal(label.handle) + ", label::k" + type + ",\n    " +
              literal(label.meaning) + ", " + (label.closed() ? "k" + type + "Words" : "{}") + ", " +
              (label.optional ? "true" : "false") + "};\n";
    }
    out_ += "}  // namespace declared\n\n";
  }

  // The struct whose members are the labels; a meter with the labels of an earlier one has the same struct.
  // Says which meter that is.
  std::string add_labels(const DeclaredMeter& meter, const std::string& type) {
    const auto same = [&](const DeclaredMeter& other) {
      return std::equal(other.labels.begin(), other.labels.end(), meter.labels.begin(), meter.labels.end(),
                        [](const auto& a, const auto& b) { return a.handle == b.handle; });
    };
    const auto& all = catalogue_.meters();
    const auto first = std::find_if(all.begin(), all.end(), same);
    if (first->name != meter.name) {
      out_ += "using " + type + "Labels = " + type_name(first->name) + "Labels;\n";
      return type_name(first->name);
    }
    out_ += "struct " + type + "Labels {\n";
    std::vector<std::string> values, declared;
    for (const DeclaredLabel& label : meter.labels) {
      const std::string member = member_name(label.handle);
      if (label.optional) {
        out_ += "  std::string_view " + member + " = {};\n";
        values.push_back(member);
      } else {
        const std::string of = label.closed() ? type_name(label.handle) : "std::string_view";
        out_ += "  " + own_ + "Required<" + of + "> " + member + ";\n";
        values.push_back(label.closed() ? "to_text(" + member + ".get())" : member + ".get()");
      }
      declared.push_back("declared::k" + type_name(label.handle));
    }
    out_ += "  constexpr std::array<std::string_view, " + std::to_string(values.size()) + "> values() const noexcept {\n    return " +
            list(values, "            ") + ";\n  }\n};\n";
    if (!declared.empty())
      out_ += "inline constexpr " + own_ + "DeclaredLabel k" + type + "Labels[] = " + list(declared) + ";\n";
    return type;
  }

  std::string bounds_of(const DeclaredMeter& meter, const std::string& type) {
    if (meter.bounds.empty()) return "{}";
    for (const DeclaredLadder& ladder : catalogue_.ladders())
      if (ladder.bounds.data() == meter.bounds.data()) return "k" + type_name(ladder.handle) + "Bounds";
    out_ += "inline constexpr double k" + type + "Bounds[] = " + list(numbers(meter.bounds)) + ";\n";
    return "k" + type + "Bounds";
  }

  static std::string formerly_of(const DeclaredMeter& meter) {
    if (meter.formerly.empty()) return "";
    const std::chrono::year_month_day day = meter.formerly_until;
    return ",\n    .formerly = " + literal(meter.formerly) + ", .formerly_until = std::chrono::year{" +
           std::to_string(static_cast<int>(day.year())) + "} / " + std::to_string(static_cast<unsigned>(day.month())) + " / " +
           std::to_string(static_cast<unsigned>(day.day()));
  }

  void add_meter(const DeclaredMeter& meter) {
    const std::string type = type_name(meter.name);
    const std::string unit = meter.unit.empty() ? "" : " in " + std::string(meter.unit);
    out_ += paragraph(std::string(meter.help) + " (" + std::string(meters::to_text(meter.kind)) + unit + ')', "// ");
    const std::string labels = "k" + add_labels(meter, type) + "Labels";
    const std::string bounds = bounds_of(meter, type);
    if (!meter.sets.empty()) out_ += "inline constexpr std::string_view k" + type + "Sets[] = " + list(literals(meter.sets)) + ";\n";
    const bool observed = meter.form == DeclaredForm::Observed;
    out_ += "inline constexpr " + own_ + "DeclaredMeter k" + type + "{\n    .name = " + literal(meter.name) + ", .kind = " + own_ +
            std::string(kind_word(meter.kind)) + ", .unit = " + literal(meter.unit) + ",\n    .help = " + literal(meter.help) +
            ",\n    .labels = " + (meter.labels.empty() ? "{}" : labels) + ", .number = " + own_ + "DeclaredNumber::" +
            (meter.number == DeclaredNumber::Integer ? "Integer" : "Double") + ", .form = " + own_ + "DeclaredForm::" +
            (observed ? "Observed" : "Recorded") + ",\n    .bounds = " + bounds + ", .native = " + (meter.native ? "true" : "false") +
            ", .sets = " + (meter.sets.empty() ? "{}" : "k" + type + "Sets") + formerly_of(meter) + "};\n";
    out_ += "using " + type + " = " + own_;
    if (observed)
      out_ += "TypedObservable<" + type + "Labels, k" + type + ">;\n\n";
    else
      out_ += "TypedMeter<" + own_ + std::string(instrument(meter)) + ", " + type + "Labels, k" + type + ">;\n\n";
  }

  void end() {
    std::vector<std::string> names;
    for (const DeclaredMeter& meter : catalogue_.meters()) names.push_back("k" + type_name(meter.name));
    out_ += "// All of them, in the catalogue's order.\ninline constexpr " + own_ + "DeclaredMeter k" +
            type_name(std::filesystem::path(catalogue_.file()).stem().string()) + "Catalogue[] = " + list(names) + ";\n\n}  // namespace " +
            options_.name_space + '\n';
  }

  const CatalogueFile& catalogue_;
  const HeaderOptions& options_;
  const std::string own_;
  std::string out_;
};

}  // namespace

std::string handle_header(const CatalogueFile& catalogue, const HeaderOptions& options) {
  return HeaderWriter(catalogue, options).write();
}

}  // namespace tocsin::agent
