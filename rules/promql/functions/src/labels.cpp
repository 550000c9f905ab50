// SPDX-License-Identifier: Apache-2.0
// label_replace and label_join: series with another label, samples as they are.
#include <algorithm>
#include <unordered_map>

#include "meters/base/text.h"
#include "rules/promql/regex.h"
#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

bool is_label_name(std::string_view name) noexcept { return !name.empty() && is_utf8(name); }

// Gives each series its new label; those that become equal are one, if they have no step in common.
class Relabel : public WholeOperator {
 public:
  Relabel(Run& run, OperatorPtr child, std::string_view target)
      : WholeOperator(run), target_(run.space.intern(target)), child_(std::move(child)) {}

 protected:
  // kNoSymbol: the series stays as it is.
  virtual Symbol value_of(SeriesKey key) = 0;
  Symbol target_;

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse memory(run_);
    auto all = collect(*child_, steps, run_, memory);
    if (!all) return all.error();
    into = std::move(*all);
    for (SeriesKey& key : into.series) {
      const Symbol value = value_of(key);
      if (value == kNoSymbol) continue;
      key = run_.space.with(key, target_, value);
      if (target_ == run_.space.name()) key.drop_name = false;
    }
    return merge_equal(into, run_, false);
  }

  OperatorPtr child_;
};

class Replace final : public Relabel {
 public:
  Replace(Run& run, OperatorPtr child, std::string_view target, std::string replacement, std::string_view source, Regex regex)
      : Relabel(run, std::move(child), target), replacement_(std::move(replacement)), source_(run.space.intern(source)),
        regex_(std::move(regex)) {}

 private:
  Symbol value_of(SeriesKey key) override {
    const Symbol source = LabelSpace::value(key, source_);
    const auto [place, fresh] = known_.try_emplace(source, kNoSymbol);
    if (fresh) {
      const auto replaced = regex_.expand(run_.space.text(source), replacement_);
      if (replaced) place->second = run_.space.intern(*replaced);
    }
    return place->second;
  }

  std::string replacement_;
  Symbol source_;
  Regex regex_;
  std::unordered_map<Symbol, Symbol> known_;  // by the source's value
};

class Join final : public Relabel {
 public:
  Join(Run& run, OperatorPtr child, std::string_view target, std::string separator, std::vector<Symbol> sources)
      : Relabel(run, std::move(child), target), separator_(std::move(separator)), sources_(std::move(sources)) {}

 private:
  Symbol value_of(SeriesKey key) override {
    std::string text;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (i > 0) text += separator_;
      text += run_.space.text(LabelSpace::value(key, sources_[i]));
    }
    return run_.space.intern(text);
  }

  std::string separator_;
  std::vector<Symbol> sources_;
};

Error bad(const char* what, std::string_view function, std::string_view text) {
  return {Fault::Input, std::string("invalid ") + what + " in " + std::string(function) + "(): " + std::string(text)};
}

Result<OperatorPtr> label_replace(Run& run, InstantCall call) {
  auto& arguments = call.arguments;
  auto regex = Regex::make(arguments[4].text, true);
  if (!regex) return bad("regular expression", call.name, arguments[4].text);
  if (!is_label_name(arguments[1].text)) return bad("destination label name", call.name, arguments[1].text);
  return OperatorPtr(std::make_unique<Replace>(run, std::move(arguments[0].value), arguments[1].text, arguments[2].text,
                                               arguments[3].text, std::move(*regex)));
}

Result<OperatorPtr> label_join(Run& run, InstantCall call) {
  auto& arguments = call.arguments;
  std::vector<Symbol> sources;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (!is_label_name(arguments[i].text)) return bad("source label name", call.name, arguments[i].text);
    sources.push_back(run.space.intern(arguments[i].text));
  }
  if (!is_label_name(arguments[1].text)) return bad("destination label name", call.name, arguments[1].text);
  return OperatorPtr(std::make_unique<Join>(run, std::move(arguments[0].value), arguments[1].text, arguments[2].text,
                                            std::move(sources)));
}

constexpr CallRow kRows[] = {{"label_join", label_join}, {"label_replace", label_replace}};

}  // namespace

std::span<const CallRow> label_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
