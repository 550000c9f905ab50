// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/catalogue_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "meters/base/text.h"
#include "meters/typed_meter.h"

namespace tocsin::agent {

using meters::DeclaredForm;
using meters::DeclaredLabel;
using meters::DeclaredMeter;
using meters::DeclaredNumber;
using meters::Kind;

namespace {

constexpr std::array<std::string_view, 4> kKinds{"counter", "up-down counter", "gauge", "histogram"};
constexpr std::array<Kind, 4> kKindOf{Kind::Counter, Kind::UpDownCounter, Kind::Gauge, Kind::Histogram};
constexpr std::array<std::string_view, 2> kNumbers{"integer", "double"};
constexpr std::size_t kMostDeclared = 1'000;  // label sets of one meter

bool is_handle(std::string_view handle) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !handle.empty() && handle[0] >= 'a' && handle[0] <= 'z' && std::all_of(handle.begin(), handle.end(), inner);
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

struct CatalogueFile::Texts {
  std::deque<std::string> texts;
  std::deque<std::vector<std::string_view>> lists;
  std::deque<std::vector<double>> numbers;
  std::deque<std::vector<DeclaredLabel>> labels;

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
  std::span<const std::string_view> keep(const std::vector<std::string>& words) {
    auto& list = lists.emplace_back();
    for (const std::string& word : words) list.push_back(keep(word));
    return list;
  }
};

struct CatalogueFile::Reader {
  CatalogueFile& into;
  TomlFaults& faults;
  meters::Registry registry{{.collect_dropped = false}};  // where every meter is declared for trial: its rules are the rules
  std::map<std::string, TomlPlace> types{};  // names in code, and what has them
  std::set<std::string_view> used{};

  Texts& texts() { return *into.texts_; }

  const DeclaredLabel* label(std::string_view handle) const {
    const auto at = std::find_if(into.labels_.begin(), into.labels_.end(), [&](const auto& l) { return l.handle == handle; });
    return at == into.labels_.end() ? nullptr : &*at;
  }

  void text(TomlTable& table, std::string_view key, std::string_view& kept, bool needed) {
    std::string read;
    if (table.read(key, read)) {
      if (!is_utf8(read)) table.fault(key, "is not UTF-8");
      kept = texts().keep(std::move(read));
    } else if (needed && !table.has(key)) {
      faults.push_back({table.place(), quoted(key) + " is missing"});
    }
  }

  void claim_type(const std::string& type, const TomlPlace& place, std::string_view what) {
    const auto [at, fresh] = types.emplace(type, place);
    if (!fresh)
      faults.push_back({place, quoted(what) + " would be called " + type + " in code, as what stands at line " +
                                   std::to_string(at->second.line)});
  }

  void read_values(TomlTable& table, DeclaredLabel& label) {
    std::vector<std::string> values;
    if (!table.read("values", values)) return;
    std::map<std::string, std::string> names;
    for (const std::string& value : values) {
      if (value.empty()) table.fault("values", "a value must not be empty: that is a label that is not set");
      const auto [at, fresh] = names.emplace(type_name(value), value);
      if (!fresh)
        table.fault("values", quoted(value) + (at->second == value ? " stands twice" : " and " + quoted(at->second) +
                                               " would both be called " + at->first + " in code"));
    }
    if (values.empty()) table.fault("values", "must not be empty; leave it out where any value may come");
    label.values = texts().keep(values);
    claim_type(type_name(label.handle), table.place(), label.handle);
  }

  void read_label(const std::string& handle, TomlTable table) {
    DeclaredLabel label;
    label.handle = label.name = texts().keep(handle);
    if (!is_handle(handle)) faults.push_back({table.place(), "label " + quoted(handle) + ": must be written [a-z][a-z0-9_]*"});
    text(table, "name", label.name, false);
    text(table, "meaning", label.meaning, true);
    table.read("optional", label.optional);
    if (auto checked = meters::check_attribute_name(label.name); !checked)
      faults.push_back({table.place("name"), checked.error().message});
    read_values(table, label);
    into.labels_.push_back(label);
  }

  void read_ladder(const std::string& handle, TomlTable table) {
    auto& bounds = texts().numbers.emplace_back();
    if (!is_handle(handle)) faults.push_back({table.place(), "ladder " + quoted(handle) + ": must be written [a-z][a-z0-9_]*"});
    if (!table.read("bounds", bounds) && !table.has("bounds")) faults.push_back({table.place(), "\"bounds\" is missing"});
    if (auto buckets = meters::Buckets::make(bounds); !buckets) table.fault("bounds", buckets.error().message);
    into.ladders_.push_back({texts().keep(handle), bounds});
  }

  void read_labels(TomlTable& table, DeclaredMeter& meter) {
    std::vector<std::string> handles;
    table.read("labels", handles);
    std::vector<std::string_view> known;
    for (const DeclaredLabel& label : into.labels_) known.push_back(label.handle);
    auto& labels = texts().labels.emplace_back();
    for (const std::string& handle : handles) {
      if (const DeclaredLabel* found = label(handle)) {
        labels.push_back(*found);
        used.insert(found->handle);
        continue;
      }
      std::string message = "label " + quoted(handle) + " is not declared";
      if (const std::string near = nearest(handle, known); !near.empty()) message += "; did you mean " + quoted(near) + '?';
      table.fault("labels", message + " (declare it: [label." + handle + "])");
    }
    meter.labels = labels;
  }

  void read_buckets(TomlTable& table, DeclaredMeter& meter) {
    auto& bounds = texts().numbers.emplace_back();
    const bool own = table.read("buckets", bounds);
    meter.bounds = bounds;
    std::string ladder;
    if (table.read("ladder", ladder)) {
      if (own) table.fault("ladder", "either buckets or a ladder, not both");
      const auto at = std::find_if(into.ladders_.begin(), into.ladders_.end(), [&](const auto& l) { return l.handle == ladder; });
      if (at == into.ladders_.end()) {
        table.fault("ladder", quoted(ladder) + " is not declared (declare it: [ladder." + ladder + "])");
      } else {
        meter.bounds = at->bounds;
        used.insert(at->handle);
      }
    }
    table.read("native", meter.native);
    if (meter.kind == Kind::Histogram) {
      if (!meter.native && meter.bounds.empty())
        faults.push_back({table.place(), "a histogram needs \"buckets\", a \"ladder\" or \"native = true\""});
      return;
    }
    for (const std::string_view key : {"buckets", "ladder", "native"})
      if (table.has(key)) table.fault(key, "only a histogram has it");
  }

  // Every combination of the values of closed labels.
  void declare_all(TomlTable& table, DeclaredMeter& meter) {
    std::size_t sets = 1;
    for (const DeclaredLabel& label : meter.labels) {
      if (!label.closed()) return table.fault("declare_all", "label " + quoted(label.handle) + " is not closed: it has no values");
      sets *= std::min(label.values.size(), kMostDeclared + 1);
      if (sets > kMostDeclared) return table.fault("declare_all", "more than " + std::to_string(kMostDeclared) + " label sets");
    }
    auto& list = texts().lists.emplace_back();
    for (std::size_t set = 0; set < sets; ++set) {
      std::size_t rest = set, stride = sets;
      for (const DeclaredLabel& label : meter.labels) {
        stride /= label.values.size();
        list.push_back(label.values[rest / stride]);
        rest %= stride;
      }
    }
    meter.sets = list;
  }

  void read_set(TomlTable& set, const DeclaredMeter& meter, std::vector<std::string_view>& list) {
    for (const DeclaredLabel& label : meter.labels) {
      std::string value;
      if (!set.read(label.handle, value)) {
        if (!label.optional && !set.has(label.handle))
          faults.push_back({set.place(), "declared label set of " + quoted(meter.name) + ": " + quoted(label.handle) + " is missing"});
      } else if (label.closed() && std::find(label.values.begin(), label.values.end(), value) == label.values.end()) {
        const std::string near = nearest(value, label.values);
        set.fault(label.handle, quoted(value) + " is none of its values" + (near.empty() ? "" : "; did you mean " + quoted(near) + '?'));
      }
      list.push_back(texts().keep(std::move(value)));
    }
  }

  void read_sets(TomlTable& table, DeclaredMeter& meter) {
    bool all = false;
    table.read("declare_all", all);
    auto& list = texts().lists.emplace_back();
    const bool labelled = !meter.labels.empty();
    for (TomlTable& set : table.tables("declared"))
      if (labelled) read_set(set, meter, list);
    meter.sets = list;
    for (const std::string_view key : {"declare_all", "declared"}) {
      if (!table.has(key)) continue;
      if (!labelled) table.fault(key, "a meter without labels stands at zero by itself");
      if (meter.form == DeclaredForm::Observed) table.fault(key, "a meter that is observed has the series that are observed");
    }
    if (all && !list.empty()) return table.fault("declared", "either declare_all or declared, not both");
    if (all && labelled) declare_all(table, meter);
  }

  // formerly = { name = "jobs", until = 2027-03-01 }
  void read_formerly(TomlTable& table, DeclaredMeter& meter) {
    if (!table.has("formerly")) return;
    const std::size_t before = faults.size();
    TomlTable formerly = table.table("formerly");
    text(formerly, "name", meter.formerly, true);
    if (!formerly.read_date("until", meter.formerly_until) && !formerly.has("until"))
      faults.push_back({formerly.place(), "\"until\" is missing: the day on which the former name ends"});
    if (formerly.has("until") && meter.formerly_until.ok() && meter.formerly_until.year() < std::chrono::year(1970))
      formerly.fault("until", "before the year 1970");
    if (meter.formerly_until.year() > std::chrono::year(2200)) formerly.fault("until", "a former name must end: not after the year 2200");
    if (faults.size() != before) meter.formerly = {};
  }

  void read_alerts(TomlTable& table, const DeclaredMeter& meter) {
    for (MeterAlert& alert : read_meter_alerts(table, meter, faults)) {
      const auto same = [&](const MeterAlert& other) { return other.name == alert.name; };
      if (!alert.name.empty() && std::any_of(into.alerts_.begin(), into.alerts_.end(), same))
        table.fault("alert", quoted(alert.name) + " is declared twice");
      alert.meter = into.meters_.size();
      into.alerts_.push_back(std::move(alert));
    }
  }

  void try_in_registry(const DeclaredMeter& meter, const TomlPlace& place) {
    const SourcePlace at = SourcePlace::current(into.file_.c_str(), static_cast<std::uint_least32_t>(place.line));
    std::string fault;
    const auto note = [&](const auto& made) {
      if (!made) fault = made.error().message;
    };
    if (meter.form == DeclaredForm::Observed) {
      note(meters::observe(registry, meter, [](meters::Observer&) {}, at));
    } else {
      switch (meter.kind) {
        case Kind::Counter: note(meters::detail::declare_in<meters::Counter>(registry, meter, at)); break;
        case Kind::UpDownCounter: note(meters::detail::declare_in<meters::UpDownCounter>(registry, meter, at)); break;
        case Kind::Histogram: note(meters::detail::declare_in<meters::Histogram>(registry, meter, at)); break;
        default: note(meters::detail::declare_in<meters::Gauge>(registry, meter, at));
      }
    }
    if (fault.empty()) return;
    const std::string prefix = into.file_ + ':' + std::to_string(place.line) + ": ";
    if (fault.starts_with(prefix)) fault.erase(0, prefix.size());
    faults.push_back({place, std::move(fault)});
  }

  void read_meter(TomlTable table) {
    DeclaredMeter meter;
    text(table, "name", meter.name, true);
    std::size_t kind = 0, number = 0;
    if (table.read_choice("kind", kind, {kKinds.begin(), kKinds.end()})) {
      meter.kind = kKindOf[kind];
    } else if (!table.has("kind")) {
      faults.push_back({table.place(), "\"kind\" is missing"});
    }
    text(table, "unit", meter.unit, false);
    text(table, "help", meter.help, true);
    number = meter.kind == Kind::Gauge || meter.kind == Kind::Histogram ? 1 : 0;
    table.read_choice("number", number, {kNumbers.begin(), kNumbers.end()});
    meter.number = number == 0 ? DeclaredNumber::Integer : DeclaredNumber::Double;
    bool observed = false;
    table.read("observed", observed);
    if (observed) meter.form = DeclaredForm::Observed;
    read_labels(table, meter);
    read_buckets(table, meter);
    read_sets(table, meter);
    read_formerly(table, meter);
    if (meter.name.empty()) return;
    const TomlPlace place = table.place("name");
    const auto same = [&](const DeclaredMeter& other) { return equal_ignoring_case(other.name, meter.name); };
    if (const auto at = std::find_if(into.meters_.begin(), into.meters_.end(), same); at != into.meters_.end()) {
      const auto& first = into.places_[static_cast<std::size_t>(at - into.meters_.begin())];
      return faults.push_back({place, "meter " + quoted(meter.name) + " stands already at line " + std::to_string(first.line)});
    }
    claim_type(type_name(meter.name), place, meter.name);
    try_in_registry(meter, place);
    read_alerts(table, meter);
    into.meters_.push_back(meter);
    into.places_.push_back(place);
  }

  void read(TomlTable& root) {
    root.read("title", into.title_);
    root.read("about", into.about_);
    std::vector<std::pair<std::string, TomlPlace>> parts;
    TomlTable labels = root.table("label"), ladders = root.table("ladder");
    for (auto& [handle, table] : labels.named_tables()) {
      parts.emplace_back("label." + handle, table.place());
      read_label(handle, std::move(table));
    }
    for (auto& [handle, table] : ladders.named_tables()) {
      parts.emplace_back("ladder." + handle, table.place());
      read_ladder(handle, std::move(table));
    }
    for (TomlTable& table : root.tables("meter")) read_meter(std::move(table));
    for (const auto& [part, place] : parts)
      if (!used.contains(std::string_view(part).substr(part.find('.') + 1)))
        faults.push_back({place, "[" + part + "] is used by no meter"});
  }
};

CatalogueFile CatalogueFile::read(std::string_view text, const std::string& file, TomlFaults& faults) {
  CatalogueFile catalogue;
  catalogue.file_ = file;
  catalogue.texts_ = std::make_shared<Texts>();
  TomlFaults found;
  TomlTable root = parse_toml(text, file, found);
  if (found.empty()) {
    Reader{catalogue, found}.read(root);
    root.finish();
    if (catalogue.meters_.empty() && found.empty()) found.push_back({{file, 0, 0}, "declares no meter: write [[meter]]"});
  }
  std::stable_sort(found.begin(), found.end(), [](const TomlFault& a, const TomlFault& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  faults.insert(faults.end(), found.begin(), found.end());
  return catalogue;
}

}  // namespace tocsin::agent
