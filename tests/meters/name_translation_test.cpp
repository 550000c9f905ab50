// SPDX-License-Identifier: Apache-2.0
// Names as prometheus/otlptranslator makes them: its own cases (metric_namer_test.go, label_namer_test.go; Apache-2.0)
// as a table, those with a namespace left out.
#include <gtest/gtest.h>

#include "meters/descriptor.h"

namespace tocsin::meters {
namespace {

using enum NameStrategy;

struct Case {
  NameStrategy strategy;
  std::string_view name, unit;
  Kind kind;
  std::string_view want, want_unit;
};

constexpr Case kCases[] = {
    {UnderscoreEscapingWithoutSuffixes, "simple_metric", "", Kind::Gauge, "simple_metric", ""},
    {UnderscoreEscapingWithoutSuffixes, "metric@with#special$chars", "", Kind::Gauge, "metric_with_special_chars", ""},
    {UnderscoreEscapingWithoutSuffixes, "123metric", "", Kind::Gauge, "_123metric", ""},
    {UnderscoreEscapingWithoutSuffixes, "", "", Kind::Gauge, "", ""},
    {UnderscoreEscapingWithoutSuffixes, "metric@@##$$name", "", Kind::Gauge, "metric_name", ""},
    {UnderscoreEscapingWithoutSuffixes, "@#$%", "", Kind::Gauge, "", ""},
    {UnderscoreEscapingWithoutSuffixes, "a__b", "", Kind::Gauge, "a__b", ""},

    {UnderscoreEscapingWithSuffixes, "requests", "", Kind::Counter, "requests_total", ""},
    {UnderscoreEscapingWithSuffixes, "cpu_usage", "1", Kind::Gauge, "cpu_usage_ratio", ""},
    {UnderscoreEscapingWithSuffixes, "items", "1", Kind::Counter, "items_total", ""},
    {UnderscoreEscapingWithSuffixes, "response_time", "ms", Kind::Gauge, "response_time_milliseconds", "milliseconds"},
    {UnderscoreEscapingWithSuffixes, "memory_usage", "By", Kind::Gauge, "memory_usage_bytes", "bytes"},
    {UnderscoreEscapingWithSuffixes, "requests", "1/s", Kind::Gauge, "requests_per_second", "per_second"},
    {UnderscoreEscapingWithSuffixes, "throughput", "By/s", Kind::Gauge, "throughput_bytes_per_second", "bytes_per_second"},
    {UnderscoreEscapingWithSuffixes, "custom_metric", "custom_unit", Kind::Gauge, "custom_metric_custom_unit", "custom_unit"},
    {UnderscoreEscapingWithSuffixes, "custom_metric", "{custom}", Kind::Gauge, "custom_metric", ""},
    {UnderscoreEscapingWithSuffixes, "custom_metric", "By/{custom}", Kind::Gauge, "custom_metric_bytes", "bytes"},
    {UnderscoreEscapingWithSuffixes, "requests_total", "", Kind::Counter, "requests_total", ""},
    {UnderscoreEscapingWithSuffixes, "cpu_usage_ratio", "1", Kind::Gauge, "cpu_usage_ratio", ""},
    {UnderscoreEscapingWithSuffixes, "response_time_seconds", "s", Kind::Gauge, "response_time_seconds", "seconds"},
    {UnderscoreEscapingWithSuffixes, "metric__with__multiple__underscores", "unit__multiple__underscores", Kind::Gauge,
     "metric_with_multiple_underscores_unit_multiple_underscores", "unit_multiple_underscores"},
    {UnderscoreEscapingWithSuffixes, "custom_metric", "unit@with#special/chars", Kind::Gauge,
     "custom_metric_unit_with_special_per_chars", "unit_with_special_per_chars"},
    {UnderscoreEscapingWithSuffixes, "@#$%", "", Kind::Gauge, "", ""},
    {UnderscoreEscapingWithSuffixes, "request_duration", "s", Kind::Histogram, "request_duration_seconds", "seconds"},
    {UnderscoreEscapingWithSuffixes, "request_size", "By", Kind::Histogram, "request_size_bytes", "bytes"},
    {UnderscoreEscapingWithSuffixes, "response_time", "ms", Kind::Summary, "response_time_milliseconds", "milliseconds"},
    {UnderscoreEscapingWithSuffixes, "active_connections", "", Kind::UpDownCounter, "active_connections", ""},
    {UnderscoreEscapingWithSuffixes, "uptime", "d", Kind::Gauge, "uptime_days", "days"},
    {UnderscoreEscapingWithSuffixes, "duration", "h", Kind::Gauge, "duration_hours", "hours"},
    {UnderscoreEscapingWithSuffixes, "timeout", "min", Kind::Gauge, "timeout_minutes", "minutes"},
    {UnderscoreEscapingWithSuffixes, "latency", "us", Kind::Gauge, "latency_microseconds", "microseconds"},
    {UnderscoreEscapingWithSuffixes, "precision_time", "ns", Kind::Gauge, "precision_time_nanoseconds", "nanoseconds"},
    {UnderscoreEscapingWithSuffixes, "cache_size", "KiBy", Kind::Gauge, "cache_size_kibibytes", "kibibytes"},
    {UnderscoreEscapingWithSuffixes, "memory", "MiBy", Kind::Gauge, "memory_mebibytes", "mebibytes"},
    {UnderscoreEscapingWithSuffixes, "storage", "GiBy", Kind::Gauge, "storage_gibibytes", "gibibytes"},
    {UnderscoreEscapingWithSuffixes, "capacity", "TiBy", Kind::Gauge, "capacity_tibibytes", "tibibytes"},
    {UnderscoreEscapingWithSuffixes, "transfer", "KBy", Kind::Gauge, "transfer_kilobytes", "kilobytes"},
    {UnderscoreEscapingWithSuffixes, "download", "MBy", Kind::Gauge, "download_megabytes", "megabytes"},
    {UnderscoreEscapingWithSuffixes, "backup", "GBy", Kind::Gauge, "backup_gigabytes", "gigabytes"},
    {UnderscoreEscapingWithSuffixes, "archive", "TBy", Kind::Gauge, "archive_terabytes", "terabytes"},
    {UnderscoreEscapingWithSuffixes, "distance", "m", Kind::Gauge, "distance_meters", "meters"},
    {UnderscoreEscapingWithSuffixes, "voltage", "V", Kind::Gauge, "voltage_volts", "volts"},
    {UnderscoreEscapingWithSuffixes, "current", "A", Kind::Gauge, "current_amperes", "amperes"},
    {UnderscoreEscapingWithSuffixes, "energy", "J", Kind::Gauge, "energy_joules", "joules"},
    {UnderscoreEscapingWithSuffixes, "power", "W", Kind::Gauge, "power_watts", "watts"},
    {UnderscoreEscapingWithSuffixes, "weight", "g", Kind::Gauge, "weight_grams", "grams"},
    {UnderscoreEscapingWithSuffixes, "temperature", "Cel", Kind::Gauge, "temperature_celsius", "celsius"},
    {UnderscoreEscapingWithSuffixes, "frequency", "Hz", Kind::Gauge, "frequency_hertz", "hertz"},
    {UnderscoreEscapingWithSuffixes, "cpu_usage", "%", Kind::Gauge, "cpu_usage_percent", "percent"},
    {UnderscoreEscapingWithSuffixes, "requests", "1/m", Kind::Gauge, "requests_per_minute", "per_minute"},
    {UnderscoreEscapingWithSuffixes, "events", "1/h", Kind::Gauge, "events_per_hour", "per_hour"},
    {UnderscoreEscapingWithSuffixes, "transactions", "1/d", Kind::Gauge, "transactions_per_day", "per_day"},
    {UnderscoreEscapingWithSuffixes, "reports", "1/w", Kind::Gauge, "reports_per_week", "per_week"},
    {UnderscoreEscapingWithSuffixes, "invoices", "1/mo", Kind::Gauge, "invoices_per_month", "per_month"},
    {UnderscoreEscapingWithSuffixes, "renewals", "1/y", Kind::Gauge, "renewals_per_year", "per_year"},
    {UnderscoreEscapingWithSuffixes, "custom", "1/custom_unit", Kind::Gauge, "custom_per_custom_unit", "per_custom_unit"},
    {UnderscoreEscapingWithSuffixes, "metric", "By/", Kind::Gauge, "metric_bytes", "bytes"},
    {UnderscoreEscapingWithSuffixes, "metric", " By / s ", Kind::Gauge, "metric_bytes_per_second", "bytes_per_second"},
    {UnderscoreEscapingWithSuffixes, "metric", "/", Kind::Gauge, "metric", ""},
    {UnderscoreEscapingWithSuffixes, "http.request.duration", "ms", Kind::Histogram, "http_request_duration_milliseconds",
     "milliseconds"},
    {UnderscoreEscapingWithSuffixes, "http.requests", "1", Kind::Counter, "http_requests_total", ""},
    {UnderscoreEscapingWithSuffixes, "requests", "1/s", Kind::Counter, "requests_per_second_total", "per_second"},

    {NoTranslation, "m\xC3\xA9tric_with_\xC3\xB1_chars", "", Kind::Gauge, "m\xC3\xA9tric_with_\xC3\xB1_chars", ""},
    {NoTranslation, "http.request.duration", "ms", Kind::Histogram, "http.request.duration", "milliseconds"},
    {NoTranslation, "http.requests", "1", Kind::Counter, "http.requests", ""},

    {NoUtf8EscapingWithSuffixes, "requests_total", "", Kind::Counter, "requests_total", ""},
    {NoUtf8EscapingWithSuffixes, "cpu_usage_ratio", "1", Kind::Gauge, "cpu_usage_ratio", ""},
    {NoUtf8EscapingWithSuffixes, "response_time_seconds", "s", Kind::Gauge, "response_time_seconds", "seconds"},
    {NoUtf8EscapingWithSuffixes, "cpu_seconds_total", "s", Kind::Counter, "cpu_seconds_total", "seconds"},
    {NoUtf8EscapingWithSuffixes, "requ\xC3\xAAsts", "", Kind::Counter, "requ\xC3\xAAsts_total", ""},
    {NoUtf8EscapingWithSuffixes, "cpu_usag\xC3\xA9", "1", Kind::Gauge, "cpu_usag\xC3\xA9_ratio", ""},
    {NoUtf8EscapingWithSuffixes, "resp\xC3\xB8nse_time", "ms", Kind::Gauge, "resp\xC3\xB8nse_time_milliseconds", "milliseconds"},
    {NoUtf8EscapingWithSuffixes, "requ\xC3\xAAsts", "1/s", Kind::Gauge, "requ\xC3\xAAsts_per_second", "per_second"},
    {NoUtf8EscapingWithSuffixes, "@#$%", "", Kind::Counter, "@#$%_total", ""},
    {NoUtf8EscapingWithSuffixes, "wait.seconds", "s", Kind::Gauge, "wait.seconds", "seconds"},
    {NoUtf8EscapingWithSuffixes, "subtotal", "", Kind::Counter, "subtotal_total", ""},  // there: su_total
};

TEST(NameTranslation, metrics) {
  for (const Case& each : kCases) {
    EXPECT_EQ(prometheus_name(each.name, each.unit, each.kind, each.strategy), each.want) << each.name << " " << each.unit;
    EXPECT_EQ(prometheus_unit(each.unit), each.want_unit) << each.unit;
  }
}

TEST(NameTranslation, labels) {
  constexpr std::pair<std::string_view, std::string_view> kLabels[] = {
      {"label:with:colons", "label_with_colons"},
      {"LabelWithCapitalLetters", "LabelWithCapitalLetters"},
      {"label!with&special$chars)", "label_with_special_chars_"},
      {"label_with_foreign_characters_\xE5\xAD\x97\xE7\xAC\xA6", "label_with_foreign_characters___"},
      {"label.with.dots", "label_with_dots"},
      {"regular label", "regular_label"},
      {"123label", "key_123label"},
      {"_label_starting_with_underscore", "key_label_starting_with_underscore"},
      {"__label_starting_with_2underscores", "__label_starting_with_2underscores"},
      {"\xE3\x82\x88\xE3\x81\x86", "key__"},  // there: an error
      {"", ""},
  };
  for (const auto& [label, want] : kLabels) {
    EXPECT_EQ(prometheus_label_name(label), want) << label;
    EXPECT_EQ(prometheus_label_name(label, NoTranslation), label);
  }
}

}  // namespace
}  // namespace tocsin::meters
