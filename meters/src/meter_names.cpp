// SPDX-License-Identifier: Apache-2.0
#include "meters/src/meter_names.h"

#include <algorithm>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "meters/src/label_index.h"

namespace tocsin::meters::detail {

namespace {

std::string to_text(SourcePlace place) {
  return std::string(place.file_name()) + ':' + std::to_string(place.line());
}

Error at(SourcePlace place, std::string message) {
  return {Fault::Configuration, to_text(place) + ": " + std::move(message)};
}

std::vector<std::string> sample_names(const Descriptor& descriptor) {
  const std::string& name = descriptor.prometheus_name;
  switch (descriptor.kind) {
    case Kind::Counter: {
      // OpenMetrics names the family without _total.
      const std::string stem = name.ends_with("_total") ? name.substr(0, name.size() - 6) : name;
      return {stem, stem + "_total", stem + "_created"};
    }
    case Kind::Histogram: return {name, name + "_bucket", name + "_sum", name + "_count", name + "_created"};
    case Kind::Summary: return {name, name + "_sum", name + "_count", name + "_created"};
    case Kind::UpDownCounter:
    case Kind::Gauge: break;
  }
  return {name};
}

Result<void> check_unit(std::string_view unit) {
  if (unit.size() > 63) return Error{Fault::Configuration, "unit \"" + std::string(unit) + "\": longer than 63 characters"};
  for (const char c : unit)
    if (c < ' ' || c > '~')
      return Error{Fault::Configuration, "unit \"" + std::string(unit) + "\": not printable ASCII"};
  return {};
}

// The name before a rename obeys the same grammar, and is another one.
Result<void> check_formerly(const MeterSpec& spec) {
  if (auto checked = check_instrument_name(spec.formerly); !checked) return checked.error();
  if (equal_ignoring_case(spec.formerly, spec.name)) return Error{Fault::Configuration, "is its name now, too"};
  return {};
}

Result<Descriptor> describe(const MeterSpec& spec, Kind kind, SourcePlace place) {
  if (auto checked = check_instrument_name(spec.name); !checked) return at(place, checked.error().message);
  if (auto checked = check_unit(spec.unit); !checked)
    return at(place, "meter \"" + spec.name + "\": " + checked.error().message);
  if (!is_utf8(spec.help)) return at(place, "meter \"" + spec.name + "\": help is not UTF-8");
  std::string shown = prometheus_name(spec.name, spec.unit, kind);
  if (shown.empty()) return at(place, "meter \"" + spec.name + "\": has no letter or digit");
  Descriptor made{spec.name, std::move(shown), spec.unit, spec.help, kind};
  if (spec.formerly.empty()) return made;
  if (auto checked = check_formerly(spec); !checked)
    return at(place, "meter \"" + spec.name + "\": formerly \"" + spec.formerly + "\": " + checked.error().message);
  set_formerly(made, spec.formerly, spec.formerly_until);
  const std::vector<std::string> before = sample_names(*made.formerly);
  for (const std::string& sample : sample_names(made))
    if (std::find(before.begin(), before.end(), sample) != before.end())
      return at(place, "meter \"" + spec.name + "\": formerly \"" + spec.formerly + "\": would be written as " + sample + ", as it is now");
  return made;
}

Result<std::vector<LabelColumn>> label_columns(const MeterSpec& spec, Kind kind, SourcePlace place) {
  std::vector<LabelColumn> columns;
  for (const std::string& label : spec.labels) {
    const auto fault = [&](const std::string& why) { return at(place, "meter \"" + spec.name + "\": " + why); };
    if (auto checked = check_attribute_name(label); !checked) return fault(checked.error().message);
    LabelColumn column{label, prometheus_label_name(label)};
    if ((kind == Kind::Histogram && column.prometheus_name == "le") ||
        (kind == Kind::Summary && column.prometheus_name == "quantile") ||
        column.prometheus_name == "otel_metric_overflow")
      return fault("label name \"" + label + "\" is reserved");
    const auto same = std::find_if(columns.begin(), columns.end(), [&](const LabelColumn& other) {
      return other.prometheus_name == column.prometheus_name;
    });
    if (same != columns.end())
      return fault("labels \"" + same->name + "\" and \"" + label + "\" are both " + column.prometheus_name +
                   " to Prometheus");
    columns.push_back(std::move(column));
  }
  return columns;
}

// "1, 5, 10 and native"; of what is no histogram "".
std::string buckets_text(const HistogramForm* form) {
  std::string text;
  if (form == nullptr) return text;
  for (const double bound : *form->buckets.bounds()) {
    if (!text.empty()) text += ", ";
    append_double(text, bound);
  }
  if (form->native) text += text.empty() ? "native" : " and native";
  return text;
}

std::string labels_text(const std::vector<LabelColumn>& columns) {
  std::string text;
  for (const LabelColumn& column : columns) text += (text.empty() ? "" : ", ") + column.name;
  return text;
}

std::string kind_text(const FamilySetup& setup) {
  std::string text = setup.descriptor.observed ? "observable " : "";
  if (!setup.descriptor.observed && !setup.form) text += setup.number == NumberType::Integer ? "integer " : "double ";
  return text + std::string(meters::to_text(setup.descriptor.kind));
}

}  // namespace

Result<FamilySetup> set_up(const MeterSpec& spec, Kind kind, NumberType number, const RegistryOptions& options,
                           SourcePlace place) {
  auto descriptor = describe(spec, kind, place);
  if (!descriptor) return descriptor.error();
  auto labels = label_columns(spec, kind, place);
  if (!labels) return labels.error();
  const std::uint32_t most = spec.max_series == 0 ? options.max_series_per_family : spec.max_series;
  return FamilySetup{*std::move(descriptor), *std::move(labels), number, std::min(most, kMaxRows), place};
}

Result<void> check_same(const FamilySetup& first, const FamilySetup& wanted) {
  std::string differs;
  const auto compare = [&](std::string_view what, const std::string& theirs, const std::string& ours) {
    if (differs.empty() && theirs != ours)
      differs = std::string(what) + " is \"" + ours + "\" here and \"" + theirs + "\" there";
  };
  compare("kind", kind_text(first), kind_text(wanted));
  compare("unit", first.descriptor.unit, wanted.descriptor.unit);
  compare("labels", labels_text(first.labels), labels_text(wanted.labels));
  compare("buckets", buckets_text(first.form.get()), buckets_text(wanted.form.get()));
  if (differs.empty()) return {};
  return at(wanted.declared_at, "meter \"" + wanted.descriptor.name + "\" was declared otherwise at " +
                                    to_text(first.declared_at) + ": " + differs);
}

Result<std::shared_ptr<const HistogramForm>> form_of(const HistogramShape& shape, const Descriptor& descriptor,
                                                     SourcePlace place) {
  auto buckets = Buckets::make(shape.bounds);
  if (!buckets) return at(place, "meter \"" + descriptor.name + "\": " + buckets.error().message);
  auto form = std::make_shared<HistogramForm>();
  if (!shape.native && !shape.bounds.empty() && shape.bounds[0] < 0) form->least = std::numeric_limits<double>::lowest();
  form->buckets = *std::move(buckets);
  form->native = shape.native;
  constexpr std::pair<std::string_view, double> kTimes[] = {{"s", 1e-9}, {"ms", 1e-6}, {"us", 1e-3}, {"ns", 1}};
  for (const auto& [unit, per_nanosecond] : kTimes)
    if (descriptor.unit == unit) form->per_nanosecond = per_nanosecond;
  return std::shared_ptr<const HistogramForm>(std::move(form));
}

void MeterNames::reserve(const Descriptor& descriptor) {
  for (const std::string& sample : sample_names(descriptor)) samples_.emplace(sample, Claim{descriptor.name, std::nullopt});
}

Result<void> MeterNames::claim(const Descriptor& descriptor, SourcePlace place) {
  std::vector<std::string> samples = sample_names(descriptor);
  if (descriptor.formerly) {
    const std::vector<std::string> before = sample_names(*descriptor.formerly);
    samples.insert(samples.end(), before.begin(), before.end());
  }
  for (const std::string& sample : samples) {
    const auto other = samples_.find(sample);
    if (other == samples_.end()) continue;
    const auto& [meter, declared_at] = other->second;
    return at(place, "meter \"" + descriptor.name + "\" and " +
                         (declared_at ? "meter \"" + meter + "\" (declared at " + to_text(*declared_at) + ")" : "the registry's own \"" + meter + "\"") +
                         " would both be written as " + sample);
  }
  for (const std::string& sample : samples) samples_.emplace(sample, Claim{descriptor.name, place});
  return {};
}

}  // namespace tocsin::meters::detail
