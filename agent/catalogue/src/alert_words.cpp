// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/src/alert_words.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "agent/catalogue/meter_board.h"
#include "meters/base/number.h"

namespace tocsin::agent {

using meters::DeclaredMeter;
using meters::Kind;

namespace {

bool judged(const DeclaredMeter& meter, const MeterAlert& alert) { return alert.is_share() || meter.kind == Kind::Histogram; }

// $value as people read it.
std::string value_words(const DeclaredMeter& meter, const MeterAlert& alert) {
  if (judged(meter, alert)) return "{{ $value | humanizePercentage }}";
  const bool plain = meter.kind != Kind::Counter;
  if (plain && meter.unit == "s") return "{{ $value | humanizeDuration }}";
  if (plain && (meter.unit == "ms" || meter.unit == "us")) return "{{ $value | printf \"%.4g\" }} " + std::string(meter.unit);
  if (plain && meter.unit == "By") return "{{ $value | humanize1024 }}B";
  return "{{ $value | printf \"%.4g\" }}";
}

std::string limit_words(const DeclaredMeter& meter, const MeterAlert& alert) {
  const std::string number = number_text(alert.limit);
  if (alert.is_share()) return number_text(alert.limit * 100) + '%';
  if (meter.unit == "s" || meter.unit == "ms" || meter.unit == "us") return number + ' ' + std::string(meter.unit);
  if (meter.unit == "By") return number + " bytes";
  return number;
}

std::string joined(const std::vector<std::string>& words) {
  std::string made;
  for (std::size_t i = 0; i < words.size(); ++i) made += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return made;
}

std::string summary_of(const DeclaredMeter& meter, const MeterAlert& alert) {
  std::string made;
  for (const std::string& label : alert.by) made += (made.empty() ? "{{ $labels." : ", {{ $labels.") + label + " }}";
  if (!made.empty()) made += ": ";
  const std::string name(meter.name), value = value_words(meter, alert), limit = limit_words(meter, alert);
  if (meter.kind == Kind::Histogram) return made + value + " of " + name + " is over " + limit;
  if (alert.is_share()) return made + value + " of " + name + " is " + joined(alert.share_values);
  const std::string side = alert.below ? ", below " : ", above ";
  if (meter.kind == Kind::Counter) return made + name + " grows by " + value + " a " + alert.per + side + limit;
  return made + name + " is " + value + side + limit;
}

std::string description_of(const DeclaredMeter& meter, const MeterAlert& alert) {
  std::string made(meter.help);
  if (!made.empty() && made.back() != '.') made += '.';
  const std::string limit = limit_words(meter, alert), window = duration_words(alert.window);
  if (meter.kind == Kind::Histogram)
    return made + " Over " + window + ", " + number_text(alert.share * 100) + "% may be over " + limit + "; judged from " + number_text(alert.events) + " on.";
  if (alert.is_share())
    return made + " The limit over " + window + " is " + limit + "; judged from " + number_text(alert.events) + " on.";
  return made + " The limit is " + limit + (meter.kind == Kind::Counter ? " a " + alert.per : "") + '.';
}

}  // namespace

std::string number_text(double value) {
  std::string text;
  append_double(text, std::round(value * 1e9) / 1e9);  // 0.07 * 100 is 7
  return text;
}

std::string duration_words(std::chrono::seconds duration) {
  const auto count = duration.count();
  if (count > 0 && count % 3600 == 0) return std::to_string(count / 3600) + 'h';
  if (count > 0 && count % 60 == 0) return std::to_string(count / 60) + 'm';
  return std::to_string(count) + 's';
}

std::string listed(const std::vector<std::string>& labels) {
  std::string made;
  for (const std::string& label : labels) made += (made.empty() ? "" : ", ") + label;
  return made;
}

std::vector<std::string> bound_spellings(double bound) {
  std::string scraped;
  append_go_double(scraped, bound);
  std::vector<std::string> all{scraped};
  std::string plain = scraped;
  if (bound == std::floor(bound) && std::abs(bound) < 1e15) plain = std::to_string(static_cast<long long>(bound));
  for (const std::string& form : {plain, plain.find('.') == std::string::npos ? plain + ".0" : plain})
    if (std::find(all.begin(), all.end(), form) == all.end()) all.push_back(form);
  return all;
}

bool keeps_firing(const DeclaredMeter& meter, const MeterAlert& alert) { return judged(meter, alert); }

std::vector<std::pair<std::string, std::string>> annotations_of(const CatalogueFile& catalogue, const MeterAlert& alert) {
  const DeclaredMeter& meter = catalogue.meters()[alert.meter];
  std::vector<std::pair<std::string, std::string>> made{{"summary", alert.summary.empty() ? summary_of(meter, alert) : alert.summary},
                                                        {"description", description_of(meter, alert)}};
  if (!alert.runbook.empty()) made.emplace_back("runbook_url", alert.runbook);
  made.emplace_back("dashboard_url", "/d/" + meter_board_uid(catalogue));
  return made;
}

}  // namespace tocsin::agent
