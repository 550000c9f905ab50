// SPDX-License-Identifier: Apache-2.0
// Made by `tocsin generate header` from tocsin.toml: change that file, not this one.
//
// tocsin itself. What the agent says of itself. Two ledgers hold at every scrape: a receiver's `received = accepted +
// rejected`, and a destination's `offered = sent + queued + in flight + dropped`.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meters/typed_meter.h"

namespace tocsin::meters {

// reason: why no request meter counts it
enum class UnmeasuredReason : std::uint8_t {InvalidIds, MissingTime, NegativeDuration, Future, TooManySenders};
inline constexpr std::array<std::string_view, 5> kUnmeasuredReasonWords = {
    "invalid_ids", "missing_time", "negative_duration", "future", "too_many_senders"};
constexpr std::string_view to_text(UnmeasuredReason value) noexcept { return kUnmeasuredReasonWords[static_cast<std::size_t>(value)]; }

// reason: credentials, host, origin: access; busy, peer_limit, crowded_out: too much at once; slow: a deadline was
// missed; buffer_full: the kernel dropped datagrams; cancelled: by the sender; failed: our fault
enum class RefusalReason : std::uint8_t {
  Malformed, TooLarge, Credentials, Host, Origin, Busy, PeerLimit, Slow, CrowdedOut, Tls, UnknownMethod, Cancelled,
  BufferFull, LineTooLong, Failed};
inline constexpr std::array<std::string_view, 15> kRefusalReasonWords = {
    "malformed", "too_large", "credentials", "host", "origin", "busy", "peer_limit", "slow", "crowded_out", "tls",
    "unknown_method", "cancelled", "buffer_full", "line_too_long", "failed"};
constexpr std::string_view to_text(RefusalReason value) noexcept { return kRefusalReasonWords[static_cast<std::size_t>(value)]; }

// signal: what is sent
enum class Signal : std::uint8_t {Metrics, Spans};
inline constexpr std::array<std::string_view, 2> kSignalWords = {"metrics", "spans"};
constexpr std::string_view to_text(Signal value) noexcept { return kSignalWords[static_cast<std::size_t>(value)]; }

// reason: why it was given up
enum class DropReason : std::uint8_t {QueueFull, Refused, Rejected, TooLarge, RetryTimeout, Stopped};
inline constexpr std::array<std::string_view, 6> kDropReasonWords = {
    "queue_full", "refused", "rejected", "too_large", "retry_timeout", "stopped"};
constexpr std::string_view to_text(DropReason value) noexcept { return kDropReasonWords[static_cast<std::size_t>(value)]; }

// format: what the scraper asked for
enum class ScrapeFormat : std::uint8_t {Text, Openmetrics, Protobuf};
inline constexpr std::array<std::string_view, 3> kScrapeFormatWords = {"text", "openmetrics", "protobuf"};
constexpr std::string_view to_text(ScrapeFormat value) noexcept { return kScrapeFormatWords[static_cast<std::size_t>(value)]; }

// reason: why the history did not take it; no_room: the memory limit was reached
enum class HistoryReason : std::uint8_t {NotNewer, TooOld, NoRoom, Repeated};
inline constexpr std::array<std::string_view, 4> kHistoryReasonWords = {"not_newer", "too_old", "no_room", "repeated"};
constexpr std::string_view to_text(HistoryReason value) noexcept { return kHistoryReasonWords[static_cast<std::size_t>(value)]; }

// alertstate: pending or firing
enum class AlertState : std::uint8_t {Pending, Firing};
inline constexpr std::array<std::string_view, 2> kAlertStateWords = {"pending", "firing"};
constexpr std::string_view to_text(AlertState value) noexcept { return kAlertStateWords[static_cast<std::size_t>(value)]; }

// reason: why an alert will not be told; other: its receiver is gone, or a newer alert stands for it
enum class UntoldReason : std::uint8_t {Refused, QueueFull, RetryTimeout, Silenced, Other};
inline constexpr std::array<std::string_view, 5> kUntoldReasonWords = {"refused", "queue_full", "retry_timeout", "silenced", "other"};
constexpr std::string_view to_text(UntoldReason value) noexcept { return kUntoldReasonWords[static_cast<std::size_t>(value)]; }

// reason: why a recording was dropped
enum class MeasurementReason : std::uint8_t {Negative, NotANumber, Infinite, WrongLabels, NoMemory, CallbackFailed};
inline constexpr std::array<std::string_view, 6> kMeasurementReasonWords = {
    "negative", "not_a_number", "infinite", "wrong_labels", "no_memory", "callback_failed"};
constexpr std::string_view to_text(MeasurementReason value) noexcept { return kMeasurementReasonWords[static_cast<std::size_t>(value)]; }

namespace label {
inline constexpr std::string_view kReceiver = "receiver";
inline constexpr std::string_view kRejectReason = "reason";
inline constexpr std::string_view kListener = "listener";
inline constexpr std::string_view kUnmeasuredReason = "reason";
inline constexpr std::string_view kRefusalReason = "reason";
inline constexpr std::string_view kDestination = "destination";
inline constexpr std::string_view kSignal = "signal";
inline constexpr std::string_view kDropReason = "reason";
inline constexpr std::string_view kScrapeFormat = "format";
inline constexpr std::string_view kHistoryReason = "reason";
inline constexpr std::string_view kAlertState = "alertstate";
inline constexpr std::string_view kAlertReceiver = "receiver";
inline constexpr std::string_view kUntoldReason = "reason";
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kRuleGroup = "rule_group";
inline constexpr std::string_view kRule = "rule";
inline constexpr std::string_view kRunbooks = "runbooks";
inline constexpr std::string_view kDashboards = "dashboards";
inline constexpr std::string_view kLimitedAlert = "alert";
inline constexpr std::string_view kLimitedService = "server_name";
inline constexpr std::string_view kLimitedHost = "host";
inline constexpr std::string_view kMeasurementReason = "reason";
}  // namespace label

namespace declared {
inline constexpr DeclaredLabel kReceiver{"receiver", label::kReceiver,
    "who took it: otlp_metrics, otlp_spans, statsd, scrape, remote_write; otlp_other: what OTLP is not received for, as logs", {}, false};
inline constexpr DeclaredLabel kRejectReason{"reject_reason", label::kRejectReason,
    "why it was not taken: late, ahead, series_limit, ... (the receivers' status page has words for each)", {}, false};
inline constexpr DeclaredLabel kListener{"listener", label::kListener,
    "which listener: http, otlp/grpc, otlp/http, statsd/udp, ...", {}, false};
inline constexpr DeclaredLabel kUnmeasuredReason{"unmeasured_reason", label::kUnmeasuredReason,
    "why no request meter counts it", kUnmeasuredReasonWords, false};
inline constexpr DeclaredLabel kRefusalReason{"refusal_reason", label::kRefusalReason,
    "credentials, host, origin: access; busy, peer_limit, crowded_out: too much at once; slow: a deadline was missed; buffer_full: the kernel dropped datagrams; cancelled: by the sender; failed: our fault", kRefusalReasonWords, false};
inline constexpr DeclaredLabel kDestination{"destination", label::kDestination,
    "the destination's name in the configuration", {}, false};
inline constexpr DeclaredLabel kSignal{"signal", label::kSignal,
    "what is sent", kSignalWords, false};
inline constexpr DeclaredLabel kDropReason{"drop_reason", label::kDropReason,
    "why it was given up", kDropReasonWords, false};
inline constexpr DeclaredLabel kScrapeFormat{"scrape_format", label::kScrapeFormat,
    "what the scraper asked for", kScrapeFormatWords, false};
inline constexpr DeclaredLabel kHistoryReason{"history_reason", label::kHistoryReason,
    "why the history did not take it; no_room: the memory limit was reached", kHistoryReasonWords, false};
inline constexpr DeclaredLabel kAlertState{"alert_state", label::kAlertState,
    "pending or firing", kAlertStateWords, false};
inline constexpr DeclaredLabel kAlertReceiver{"alert_receiver", label::kAlertReceiver,
    "who is told of alerts, by the name in the configuration; heartbeat for that", {}, false};
inline constexpr DeclaredLabel kUntoldReason{"untold_reason", label::kUntoldReason,
    "why an alert will not be told; other: its receiver is gone, or a newer alert stands for it", kUntoldReasonWords, false};
inline constexpr DeclaredLabel kVersion{"version", label::kVersion,
    "of the program", {}, false};
inline constexpr DeclaredLabel kRuleGroup{"rule_group", label::kRuleGroup,
    "the group of a rule", {}, false};
inline constexpr DeclaredLabel kRule{"rule", label::kRule,
    "the name of a rule", {}, false};
inline constexpr DeclaredLabel kRunbooks{"runbooks", label::kRunbooks,
    "the address behind which /runbooks/ is", {}, false};
inline constexpr DeclaredLabel kDashboards{"dashboards", label::kDashboards,
    "the address behind which /d/ is", {}, false};
inline constexpr DeclaredLabel kLimitedAlert{"limited_alert", label::kLimitedAlert,
    "the alert whose limit it is", {}, false};
inline constexpr DeclaredLabel kLimitedService{"limited_service", label::kLimitedService,
    "the service whose limit it is; without it and without host the limit is everybody's", {}, true};
inline constexpr DeclaredLabel kLimitedHost{"limited_host", label::kLimitedHost,
    "the machine whose limit it is, by its instance", {}, true};
inline constexpr DeclaredLabel kMeasurementReason{"measurement_reason", label::kMeasurementReason,
    "why a recording was dropped", kMeasurementReasonWords, false};
}  // namespace declared

// Data points, spans or lines that arrived: accepted and rejected. (counter in {item})
struct TocsinReceiverReceivedTotalLabels {
  Required<std::string_view> receiver;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {receiver.get()};
  }
};
inline constexpr DeclaredLabel kTocsinReceiverReceivedTotalLabels[] = {declared::kReceiver};
inline constexpr DeclaredMeter kTocsinReceiverReceivedTotal{
    .name = "tocsin_receiver_received_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Data points, spans or lines that arrived: accepted and rejected.",
    .labels = kTocsinReceiverReceivedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinReceiverReceivedTotal = TypedObservable<TocsinReceiverReceivedTotalLabels, kTocsinReceiverReceivedTotal>;

// Those that were taken. (counter in {item})
using TocsinReceiverAcceptedTotalLabels = TocsinReceiverReceivedTotalLabels;
inline constexpr DeclaredMeter kTocsinReceiverAcceptedTotal{
    .name = "tocsin_receiver_accepted_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Those that were taken.",
    .labels = kTocsinReceiverReceivedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinReceiverAcceptedTotal = TypedObservable<TocsinReceiverAcceptedTotalLabels, kTocsinReceiverAcceptedTotal>;

// Those that were not, by reason. (counter in {item})
struct TocsinReceiverRejectedTotalLabels {
  Required<std::string_view> receiver;
  Required<std::string_view> reject_reason;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {receiver.get(), reject_reason.get()};
  }
};
inline constexpr DeclaredLabel kTocsinReceiverRejectedTotalLabels[] = {declared::kReceiver, declared::kRejectReason};
inline constexpr DeclaredMeter kTocsinReceiverRejectedTotal{
    .name = "tocsin_receiver_rejected_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Those that were not, by reason.",
    .labels = kTocsinReceiverRejectedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinReceiverRejectedTotal = TypedObservable<TocsinReceiverRejectedTotalLabels, kTocsinReceiverRejectedTotal>;

// Requests that could not be read at all, by reason. (counter in {request})
using TocsinReceiverFailedRequestsTotalLabels = TocsinReceiverRejectedTotalLabels;
inline constexpr DeclaredMeter kTocsinReceiverFailedRequestsTotal{
    .name = "tocsin_receiver_failed_requests_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Requests that could not be read at all, by reason.",
    .labels = kTocsinReceiverRejectedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinReceiverFailedRequestsTotal = TypedObservable<TocsinReceiverFailedRequestsTotalLabels, kTocsinReceiverFailedRequestsTotal>;

// Spans that no request meter could count, by reason; rejected, unless they were forwarded. (counter in {span})
struct TocsinSpansUnmeasuredTotalLabels {
  Required<UnmeasuredReason> unmeasured_reason;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {to_text(unmeasured_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinSpansUnmeasuredTotalLabels[] = {declared::kUnmeasuredReason};
inline constexpr DeclaredMeter kTocsinSpansUnmeasuredTotal{
    .name = "tocsin_spans_unmeasured_total", .kind = Kind::Counter, .unit = "{span}",
    .help = "Spans that no request meter could count, by reason; rejected, unless they were forwarded.",
    .labels = kTocsinSpansUnmeasuredTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinSpansUnmeasuredTotal = TypedObservable<TocsinSpansUnmeasuredTotalLabels, kTocsinSpansUnmeasuredTotal>;

// Targets that are scraped. (gauge in {target})
struct TocsinScrapeTargetsLabels {
  constexpr std::array<std::string_view, 0> values() const noexcept {
    return {};
  }
};
inline constexpr DeclaredMeter kTocsinScrapeTargets{
    .name = "tocsin_scrape_targets", .kind = Kind::Gauge, .unit = "{target}",
    .help = "Targets that are scraped.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinScrapeTargets = TypedObservable<TocsinScrapeTargetsLabels, kTocsinScrapeTargets>;

// Those whose last scrape was good. (gauge in {target})
using TocsinScrapeTargetsUpLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinScrapeTargetsUp{
    .name = "tocsin_scrape_targets_up", .kind = Kind::Gauge, .unit = "{target}",
    .help = "Those whose last scrape was good.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinScrapeTargetsUp = TypedObservable<TocsinScrapeTargetsUpLabels, kTocsinScrapeTargetsUp>;

// Scrapes of targets. (counter in {scrape})
using TocsinTargetScrapesTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTargetScrapesTotal{
    .name = "tocsin_target_scrapes_total", .kind = Kind::Counter, .unit = "{scrape}",
    .help = "Scrapes of targets.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTargetScrapesTotal = TypedObservable<TocsinTargetScrapesTotalLabels, kTocsinTargetScrapesTotal>;

// Those that brought nothing: no answer, one that cannot be read, one over a limit. (counter in {scrape})
using TocsinTargetScrapesFailedTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTargetScrapesFailedTotal{
    .name = "tocsin_target_scrapes_failed_total", .kind = Kind::Counter, .unit = "{scrape}",
    .help = "Those that brought nothing: no answer, one that cannot be read, one over a limit.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTargetScrapesFailedTotal = TypedObservable<TocsinTargetScrapesFailedTotalLabels, kTocsinTargetScrapesFailedTotal>;

// Scrapes that were due but not begun, since the one before was not done. (counter in {scrape})
using TocsinTargetScrapesSkippedTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTargetScrapesSkippedTotal{
    .name = "tocsin_target_scrapes_skipped_total", .kind = Kind::Counter, .unit = "{scrape}",
    .help = "Scrapes that were due but not begun, since the one before was not done.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTargetScrapesSkippedTotal = TypedObservable<TocsinTargetScrapesSkippedTotalLabels, kTocsinTargetScrapesSkippedTotal>;

// Bytes of the targets' answers, decompressed. (counter in By)
using TocsinTargetScrapeBytesTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTargetScrapeBytesTotal{
    .name = "tocsin_target_scrape_bytes_total", .kind = Kind::Counter, .unit = "By",
    .help = "Bytes of the targets' answers, decompressed.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTargetScrapeBytesTotal = TypedObservable<TocsinTargetScrapeBytesTotalLabels, kTocsinTargetScrapeBytesTotal>;

// 1 where the listener serves, 0 where it could not be opened. (gauge)
struct TocsinListenerUpLabels {
  Required<std::string_view> listener;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {listener.get()};
  }
};
inline constexpr DeclaredLabel kTocsinListenerUpLabels[] = {declared::kListener};
inline constexpr DeclaredMeter kTocsinListenerUp{
    .name = "tocsin_listener_up", .kind = Kind::Gauge, .unit = "",
    .help = "1 where the listener serves, 0 where it could not be opened.",
    .labels = kTocsinListenerUpLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinListenerUp = TypedObservable<TocsinListenerUpLabels, kTocsinListenerUp>;

// Requests, connections and datagrams that ended at the listener, before a receiver saw them, by reason. (counter in
// {item})
struct TocsinListenerRefusedTotalLabels {
  Required<std::string_view> listener;
  Required<RefusalReason> refusal_reason;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {listener.get(), to_text(refusal_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinListenerRefusedTotalLabels[] = {declared::kListener, declared::kRefusalReason};
inline constexpr DeclaredMeter kTocsinListenerRefusedTotal{
    .name = "tocsin_listener_refused_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Requests, connections and datagrams that ended at the listener, before a receiver saw them, by reason.",
    .labels = kTocsinListenerRefusedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinListenerRefusedTotal = TypedObservable<TocsinListenerRefusedTotalLabels, kTocsinListenerRefusedTotal>;

// Senders of metrics that are remembered. (gauge in {sender})
using TocsinIntakeSendersLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinIntakeSenders{
    .name = "tocsin_intake_senders", .kind = Kind::Gauge, .unit = "{sender}",
    .help = "Senders of metrics that are remembered.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinIntakeSenders = TypedObservable<TocsinIntakeSendersLabels, kTocsinIntakeSenders>;

// Received series in memory. (gauge in {series})
using TocsinIntakeSeriesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinIntakeSeries{
    .name = "tocsin_intake_series", .kind = Kind::Gauge, .unit = "{series}",
    .help = "Received series in memory.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinIntakeSeries = TypedObservable<TocsinIntakeSeriesLabels, kTocsinIntakeSeries>;

// Memory of received series, estimated. (gauge in By)
using TocsinIntakeMemoryBytesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinIntakeMemoryBytes{
    .name = "tocsin_intake_memory_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory of received series, estimated.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinIntakeMemoryBytes = TypedObservable<TocsinIntakeMemoryBytesLabels, kTocsinIntakeMemoryBytes>;

// Points that went to an overflow series. (counter in {point})
using TocsinIntakeOverflowedTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinIntakeOverflowedTotal{
    .name = "tocsin_intake_overflowed_total", .kind = Kind::Counter, .unit = "{point}",
    .help = "Points that went to an overflow series.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinIntakeOverflowedTotal = TypedObservable<TocsinIntakeOverflowedTotalLabels, kTocsinIntakeOverflowedTotal>;

// Points of series that two senders write. (counter in {point})
using TocsinIntakeConflictsTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinIntakeConflictsTotal{
    .name = "tocsin_intake_conflicts_total", .kind = Kind::Counter, .unit = "{point}",
    .help = "Points of series that two senders write.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinIntakeConflictsTotal = TypedObservable<TocsinIntakeConflictsTotalLabels, kTocsinIntakeConflictsTotal>;

// Data points or spans to be sent: offered = sent + queued + in flight + dropped. (counter in {item})
struct TocsinExportOfferedTotalLabels {
  Required<std::string_view> destination;
  Required<Signal> signal;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {destination.get(), to_text(signal.get())};
  }
};
inline constexpr DeclaredLabel kTocsinExportOfferedTotalLabels[] = {declared::kDestination, declared::kSignal};
inline constexpr DeclaredMeter kTocsinExportOfferedTotal{
    .name = "tocsin_export_offered_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Data points or spans to be sent: offered = sent + queued + in flight + dropped.",
    .labels = kTocsinExportOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportOfferedTotal = TypedObservable<TocsinExportOfferedTotalLabels, kTocsinExportOfferedTotal>;

// Those that arrived. (counter in {item})
using TocsinExportSentTotalLabels = TocsinExportOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinExportSentTotal{
    .name = "tocsin_export_sent_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Those that arrived.",
    .labels = kTocsinExportOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportSentTotal = TypedObservable<TocsinExportSentTotalLabels, kTocsinExportSentTotal>;

// Those that wait. (gauge in {item})
using TocsinExportQueuedLabels = TocsinExportOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinExportQueued{
    .name = "tocsin_export_queued", .kind = Kind::Gauge, .unit = "{item}",
    .help = "Those that wait.",
    .labels = kTocsinExportOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportQueued = TypedObservable<TocsinExportQueuedLabels, kTocsinExportQueued>;

// Those that are being sent. (gauge in {item})
using TocsinExportInFlightLabels = TocsinExportOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinExportInFlight{
    .name = "tocsin_export_in_flight", .kind = Kind::Gauge, .unit = "{item}",
    .help = "Those that are being sent.",
    .labels = kTocsinExportOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportInFlight = TypedObservable<TocsinExportInFlightLabels, kTocsinExportInFlight>;

// Those that were given up, by reason. (counter in {item})
struct TocsinExportDroppedTotalLabels {
  Required<std::string_view> destination;
  Required<Signal> signal;
  Required<DropReason> drop_reason;
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {destination.get(), to_text(signal.get()), to_text(drop_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinExportDroppedTotalLabels[] = {declared::kDestination, declared::kSignal, declared::kDropReason};
inline constexpr DeclaredMeter kTocsinExportDroppedTotal{
    .name = "tocsin_export_dropped_total", .kind = Kind::Counter, .unit = "{item}",
    .help = "Those that were given up, by reason.",
    .labels = kTocsinExportDroppedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportDroppedTotal = TypedObservable<TocsinExportDroppedTotalLabels, kTocsinExportDroppedTotal>;

// Attempts. (counter in {request})
using TocsinExportRequestsTotalLabels = TocsinExportOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinExportRequestsTotal{
    .name = "tocsin_export_requests_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Attempts.",
    .labels = kTocsinExportOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportRequestsTotal = TypedObservable<TocsinExportRequestsTotalLabels, kTocsinExportRequestsTotal>;

// When a request last succeeded. (gauge in s)
struct TocsinExportLastSuccessTimestampSecondsLabels {
  Required<std::string_view> destination;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {destination.get()};
  }
};
inline constexpr DeclaredLabel kTocsinExportLastSuccessTimestampSecondsLabels[] = {declared::kDestination};
inline constexpr DeclaredMeter kTocsinExportLastSuccessTimestampSeconds{
    .name = "tocsin_export_last_success_timestamp_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "When a request last succeeded.",
    .labels = kTocsinExportLastSuccessTimestampSecondsLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinExportLastSuccessTimestampSeconds = TypedObservable<TocsinExportLastSuccessTimestampSecondsLabels, kTocsinExportLastSuccessTimestampSeconds>;

// Evaluations of rules. (counter in {evaluation})
using TocsinRuleEvaluationsTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleEvaluationsTotal{
    .name = "tocsin_rule_evaluations_total", .kind = Kind::Counter, .unit = "{evaluation}",
    .help = "Evaluations of rules.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleEvaluationsTotal = TypedObservable<TocsinRuleEvaluationsTotalLabels, kTocsinRuleEvaluationsTotal>;

// Evaluations of rules that failed. (counter in {evaluation})
using TocsinRuleFailuresTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleFailuresTotal{
    .name = "tocsin_rule_failures_total", .kind = Kind::Counter, .unit = "{evaluation}",
    .help = "Evaluations of rules that failed.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleFailuresTotal = TypedObservable<TocsinRuleFailuresTotalLabels, kTocsinRuleFailuresTotal>;

// Evaluations of groups that did not happen in time and were left out. (counter in {evaluation})
using TocsinRuleMissedEvaluationsTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleMissedEvaluationsTotal{
    .name = "tocsin_rule_missed_evaluations_total", .kind = Kind::Counter, .unit = "{evaluation}",
    .help = "Evaluations of groups that did not happen in time and were left out.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleMissedEvaluationsTotal = TypedObservable<TocsinRuleMissedEvaluationsTotalLabels, kTocsinRuleMissedEvaluationsTotal>;

// Ticks that came while rules were still being evaluated. (counter in {tick})
using TocsinRuleSkippedTicksTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleSkippedTicksTotal{
    .name = "tocsin_rule_skipped_ticks_total", .kind = Kind::Counter, .unit = "{tick}",
    .help = "Ticks that came while rules were still being evaluated.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleSkippedTicksTotal = TypedObservable<TocsinRuleSkippedTicksTotalLabels, kTocsinRuleSkippedTicksTotal>;

// Samples that rules wrote. (counter in {sample})
using TocsinRuleSamplesTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleSamplesTotal{
    .name = "tocsin_rule_samples_total", .kind = Kind::Counter, .unit = "{sample}",
    .help = "Samples that rules wrote.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleSamplesTotal = TypedObservable<TocsinRuleSamplesTotalLabels, kTocsinRuleSamplesTotal>;

// Of them, those that the history did not take. (counter in {sample})
using TocsinRuleDiscardedSamplesTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleDiscardedSamplesTotal{
    .name = "tocsin_rule_discarded_samples_total", .kind = Kind::Counter, .unit = "{sample}",
    .help = "Of them, those that the history did not take.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleDiscardedSamplesTotal = TypedObservable<TocsinRuleDiscardedSamplesTotalLabels, kTocsinRuleDiscardedSamplesTotal>;

// How long the last evaluation of all rules that were due took. (gauge in s)
using TocsinRuleCycleDurationSecondsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleCycleDurationSeconds{
    .name = "tocsin_rule_cycle_duration_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "How long the last evaluation of all rules that were due took.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleCycleDurationSeconds = TypedObservable<TocsinRuleCycleDurationSecondsLabels, kTocsinRuleCycleDurationSeconds>;

// Groups of rules. (gauge in {group})
using TocsinRuleGroupsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleGroups{
    .name = "tocsin_rule_groups", .kind = Kind::Gauge, .unit = "{group}",
    .help = "Groups of rules.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleGroups = TypedObservable<TocsinRuleGroupsLabels, kTocsinRuleGroups>;

// Faults in rule files; such a file keeps what it held before. (gauge in {fault})
using TocsinRuleFileFaultsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinRuleFileFaults{
    .name = "tocsin_rule_file_faults", .kind = Kind::Gauge, .unit = "{fault}",
    .help = "Faults in rule files; such a file keeps what it held before.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleFileFaults = TypedObservable<TocsinRuleFileFaultsLabels, kTocsinRuleFileFaults>;

// 1 for each rule whose selectors found no series in its last evaluation: it can do nothing. (gauge)
struct TocsinRuleMatchesNothingLabels {
  Required<std::string_view> rule_group;
  Required<std::string_view> rule;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {rule_group.get(), rule.get()};
  }
};
inline constexpr DeclaredLabel kTocsinRuleMatchesNothingLabels[] = {declared::kRuleGroup, declared::kRule};
inline constexpr DeclaredMeter kTocsinRuleMatchesNothing{
    .name = "tocsin_rule_matches_nothing", .kind = Kind::Gauge, .unit = "",
    .help = "1 for each rule whose selectors found no series in its last evaluation: it can do nothing.",
    .labels = kTocsinRuleMatchesNothingLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinRuleMatchesNothing = TypedObservable<TocsinRuleMatchesNothingLabels, kTocsinRuleMatchesNothing>;

// Alerts by state. (gauge in {alert})
struct TocsinAlertsLabels {
  Required<AlertState> alert_state;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {to_text(alert_state.get())};
  }
};
inline constexpr DeclaredLabel kTocsinAlertsLabels[] = {declared::kAlertState};
inline constexpr DeclaredMeter kTocsinAlerts{
    .name = "tocsin_alerts", .kind = Kind::Gauge, .unit = "{alert}",
    .help = "Alerts by state.",
    .labels = kTocsinAlertsLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinAlerts = TypedObservable<TocsinAlertsLabels, kTocsinAlerts>;

// Alerts that are held because their data has ended. (gauge in {alert})
using TocsinAlertMissingDataLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinAlertMissingData{
    .name = "tocsin_alert_missing_data", .kind = Kind::Gauge, .unit = "{alert}",
    .help = "Alerts that are held because their data has ended.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinAlertMissingData = TypedObservable<TocsinAlertMissingDataLabels, kTocsinAlertMissingData>;

// Beginnings and ends of alerts to be told: offered = sent + queued + in flight + dropped. (counter in {telling})
struct TocsinNotifyOfferedTotalLabels {
  Required<std::string_view> alert_receiver;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {alert_receiver.get()};
  }
};
inline constexpr DeclaredLabel kTocsinNotifyOfferedTotalLabels[] = {declared::kAlertReceiver};
inline constexpr DeclaredMeter kTocsinNotifyOfferedTotal{
    .name = "tocsin_notify_offered_total", .kind = Kind::Counter, .unit = "{telling}",
    .help = "Beginnings and ends of alerts to be told: offered = sent + queued + in flight + dropped.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyOfferedTotal = TypedObservable<TocsinNotifyOfferedTotalLabels, kTocsinNotifyOfferedTotal>;

// Those that were accepted; repeats are not counted again. (counter in {telling})
using TocsinNotifySentTotalLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifySentTotal{
    .name = "tocsin_notify_sent_total", .kind = Kind::Counter, .unit = "{telling}",
    .help = "Those that were accepted; repeats are not counted again.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifySentTotal = TypedObservable<TocsinNotifySentTotalLabels, kTocsinNotifySentTotal>;

// Those that wait. (gauge in {telling})
using TocsinNotifyQueuedLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyQueued{
    .name = "tocsin_notify_queued", .kind = Kind::Gauge, .unit = "{telling}",
    .help = "Those that wait.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyQueued = TypedObservable<TocsinNotifyQueuedLabels, kTocsinNotifyQueued>;

// Those that are being sent. (gauge in {telling})
using TocsinNotifyInFlightLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyInFlight{
    .name = "tocsin_notify_in_flight", .kind = Kind::Gauge, .unit = "{telling}",
    .help = "Those that are being sent.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyInFlight = TypedObservable<TocsinNotifyInFlightLabels, kTocsinNotifyInFlight>;

// Those that were given up, by reason. (counter in {telling})
struct TocsinNotifyDroppedTotalLabels {
  Required<std::string_view> alert_receiver;
  Required<UntoldReason> untold_reason;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {alert_receiver.get(), to_text(untold_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinNotifyDroppedTotalLabels[] = {declared::kAlertReceiver, declared::kUntoldReason};
inline constexpr DeclaredMeter kTocsinNotifyDroppedTotal{
    .name = "tocsin_notify_dropped_total", .kind = Kind::Counter, .unit = "{telling}",
    .help = "Those that were given up, by reason.",
    .labels = kTocsinNotifyDroppedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyDroppedTotal = TypedObservable<TocsinNotifyDroppedTotalLabels, kTocsinNotifyDroppedTotal>;

// Attempts to tell alerts. (counter in {request})
using TocsinNotifyRequestsTotalLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyRequestsTotal{
    .name = "tocsin_notify_requests_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Attempts to tell alerts.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyRequestsTotal = TypedObservable<TocsinNotifyRequestsTotalLabels, kTocsinNotifyRequestsTotal>;

// Those that were not accepted. (counter in {request})
using TocsinNotifyFailedRequestsTotalLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyFailedRequestsTotal{
    .name = "tocsin_notify_failed_requests_total", .kind = Kind::Counter, .unit = "{request}",
    .help = "Those that were not accepted.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyFailedRequestsTotal = TypedObservable<TocsinNotifyFailedRequestsTotalLabels, kTocsinNotifyFailedRequestsTotal>;

// Alerts in accepted requests, repeats included. (counter in {alert})
using TocsinNotifyAlertsTotalLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyAlertsTotal{
    .name = "tocsin_notify_alerts_total", .kind = Kind::Counter, .unit = "{alert}",
    .help = "Alerts in accepted requests, repeats included.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyAlertsTotal = TypedObservable<TocsinNotifyAlertsTotalLabels, kTocsinNotifyAlertsTotal>;

// Since when the alert that waits longest waits to be told. (gauge in s)
using TocsinNotifyOldestWaitingTimestampSecondsLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyOldestWaitingTimestampSeconds{
    .name = "tocsin_notify_oldest_waiting_timestamp_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "Since when the alert that waits longest waits to be told.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyOldestWaitingTimestampSeconds = TypedObservable<TocsinNotifyOldestWaitingTimestampSecondsLabels, kTocsinNotifyOldestWaitingTimestampSeconds>;

// When a request was last accepted. (gauge in s)
using TocsinNotifyLastSuccessTimestampSecondsLabels = TocsinNotifyOfferedTotalLabels;
inline constexpr DeclaredMeter kTocsinNotifyLastSuccessTimestampSeconds{
    .name = "tocsin_notify_last_success_timestamp_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "When a request was last accepted.",
    .labels = kTocsinNotifyOfferedTotalLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyLastSuccessTimestampSeconds = TypedObservable<TocsinNotifyLastSuccessTimestampSecondsLabels, kTocsinNotifyLastSuccessTimestampSeconds>;

// Alerts that fire, or ended and are still told. (gauge in {alert})
using TocsinNotifyOutboxAlertsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinNotifyOutboxAlerts{
    .name = "tocsin_notify_outbox_alerts", .kind = Kind::Gauge, .unit = "{alert}",
    .help = "Alerts that fire, or ended and are still told.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinNotifyOutboxAlerts = TypedObservable<TocsinNotifyOutboxAlertsLabels, kTocsinNotifyOutboxAlerts>;

// Transactions of the alert state. (counter in {commit})
using TocsinStoreCommitsTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinStoreCommitsTotal{
    .name = "tocsin_store_commits_total", .kind = Kind::Counter, .unit = "{commit}",
    .help = "Transactions of the alert state.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinStoreCommitsTotal = TypedObservable<TocsinStoreCommitsTotalLabels, kTocsinStoreCommitsTotal>;

// Those that could not be written; they are written with the next one. (counter in {commit})
using TocsinStoreFailedCommitsTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinStoreFailedCommitsTotal{
    .name = "tocsin_store_failed_commits_total", .kind = Kind::Counter, .unit = "{commit}",
    .help = "Those that could not be written; they are written with the next one.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinStoreFailedCommitsTotal = TypedObservable<TocsinStoreFailedCommitsTotalLabels, kTocsinStoreFailedCommitsTotal>;

// Rows of failed commits that wait for the next one. (gauge in {row})
using TocsinStoreWaitingRowsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinStoreWaitingRows{
    .name = "tocsin_store_waiting_rows", .kind = Kind::Gauge, .unit = "{row}",
    .help = "Rows of failed commits that wait for the next one.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinStoreWaitingRows = TypedObservable<TocsinStoreWaitingRowsLabels, kTocsinStoreWaitingRows>;

// Size of the file of the alert state. (gauge in By)
using TocsinStoreFileBytesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinStoreFileBytes{
    .name = "tocsin_store_file_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Size of the file of the alert state.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinStoreFileBytes = TypedObservable<TocsinStoreFileBytesLabels, kTocsinStoreFileBytes>;

// Files of alert state that could not be used and were put aside. (counter in {file})
using TocsinStorePutAsideTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinStorePutAsideTotal{
    .name = "tocsin_store_put_aside_total", .kind = Kind::Counter, .unit = "{file}",
    .help = "Files of alert state that could not be used and were put aside.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinStorePutAsideTotal = TypedObservable<TocsinStorePutAsideTotalLabels, kTocsinStorePutAsideTotal>;

// 1; the label says which version this is. (gauge)
struct TocsinBuildInfoLabels {
  Required<std::string_view> version;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {version.get()};
  }
};
inline constexpr DeclaredLabel kTocsinBuildInfoLabels[] = {declared::kVersion};
inline constexpr DeclaredMeter kTocsinBuildInfo{
    .name = "tocsin_build_info", .kind = Kind::Gauge, .unit = "",
    .help = "1; the label says which version this is.",
    .labels = kTocsinBuildInfoLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinBuildInfo = TypedObservable<TocsinBuildInfoLabels, kTocsinBuildInfo>;

// 1; the labels say where people reach runbooks and dashboards. The links of alerts are built from it. (gauge)
struct TocsinLinksInfoLabels {
  Required<std::string_view> runbooks;
  Required<std::string_view> dashboards;
  constexpr std::array<std::string_view, 2> values() const noexcept {
    return {runbooks.get(), dashboards.get()};
  }
};
inline constexpr DeclaredLabel kTocsinLinksInfoLabels[] = {declared::kRunbooks, declared::kDashboards};
inline constexpr DeclaredMeter kTocsinLinksInfo{
    .name = "tocsin_links_info", .kind = Kind::Gauge, .unit = "",
    .help = "1; the labels say where people reach runbooks and dashboards. The links of alerts are built from it.",
    .labels = kTocsinLinksInfoLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinLinksInfo = TypedObservable<TocsinLinksInfoLabels, kTocsinLinksInfo>;

// The limit of an alert where the configuration says another than the rule: [[threshold]]. (gauge)
struct TocsinAlertThresholdLabels {
  Required<std::string_view> limited_alert;
  std::string_view limited_service = {};
  std::string_view limited_host = {};
  constexpr std::array<std::string_view, 3> values() const noexcept {
    return {limited_alert.get(), limited_service, limited_host};
  }
};
inline constexpr DeclaredLabel kTocsinAlertThresholdLabels[] = {
    declared::kLimitedAlert, declared::kLimitedService, declared::kLimitedHost};
inline constexpr DeclaredMeter kTocsinAlertThreshold{
    .name = "tocsin_alert_threshold", .kind = Kind::Gauge, .unit = "",
    .help = "The limit of an alert where the configuration says another than the rule: [[threshold]].",
    .labels = kTocsinAlertThresholdLabels, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinAlertThreshold = TypedObservable<TocsinAlertThresholdLabels, kTocsinAlertThreshold>;

// 1 where the configuration in the file is in force, 0 where it was refused. (gauge)
using TocsinConfigLastReloadSuccessfulLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinConfigLastReloadSuccessful{
    .name = "tocsin_config_last_reload_successful", .kind = Kind::Gauge, .unit = "",
    .help = "1 where the configuration in the file is in force, 0 where it was refused.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinConfigLastReloadSuccessful = TypedObservable<TocsinConfigLastReloadSuccessfulLabels, kTocsinConfigLastReloadSuccessful>;

// When a configuration was last taken. (gauge in s)
using TocsinConfigLastReloadSuccessTimestampSecondsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinConfigLastReloadSuccessTimestampSeconds{
    .name = "tocsin_config_last_reload_success_timestamp_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "When a configuration was last taken.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinConfigLastReloadSuccessTimestampSeconds = TypedObservable<TocsinConfigLastReloadSuccessTimestampSecondsLabels, kTocsinConfigLastReloadSuccessTimestampSeconds>;

// Scrapes that were answered whole, by format. (counter in {scrape})
struct TocsinScrapesTotalLabels {
  Required<ScrapeFormat> scrape_format;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {to_text(scrape_format.get())};
  }
};
inline constexpr DeclaredLabel kTocsinScrapesTotalLabels[] = {declared::kScrapeFormat};
inline constexpr DeclaredMeter kTocsinScrapesTotal{
    .name = "tocsin_scrapes_total", .kind = Kind::Counter, .unit = "{scrape}",
    .help = "Scrapes that were answered whole, by format.",
    .labels = kTocsinScrapesTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinScrapesTotal = TypedObservable<TocsinScrapesTotalLabels, kTocsinScrapesTotal>;

// Ticks: snapshots handed to the destinations. (counter in {tick})
using TocsinTicksTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTicksTotal{
    .name = "tocsin_ticks_total", .kind = Kind::Counter, .unit = "{tick}",
    .help = "Ticks: snapshots handed to the destinations.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTicksTotal = TypedObservable<TocsinTicksTotalLabels, kTocsinTicksTotal>;

// Ticks that began more than half an interval late. (counter in {tick})
using TocsinTicksLateTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTicksLateTotal{
    .name = "tocsin_ticks_late_total", .kind = Kind::Counter, .unit = "{tick}",
    .help = "Ticks that began more than half an interval late.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTicksLateTotal = TypedObservable<TocsinTicksLateTotalLabels, kTocsinTicksLateTotal>;

// Ticks that were left out, because the one before took too long. (counter in {tick})
using TocsinTicksSkippedTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinTicksSkippedTotal{
    .name = "tocsin_ticks_skipped_total", .kind = Kind::Counter, .unit = "{tick}",
    .help = "Ticks that were left out, because the one before took too long.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinTicksSkippedTotal = TypedObservable<TocsinTicksSkippedTotalLabels, kTocsinTicksSkippedTotal>;

// Series in the last snapshot. (gauge in {series})
using TocsinSeriesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinSeries{
    .name = "tocsin_series", .kind = Kind::Gauge, .unit = "{series}",
    .help = "Series in the last snapshot.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinSeries = TypedObservable<TocsinSeriesLabels, kTocsinSeries>;

// What gathering the last snapshot took. (gauge in s)
using TocsinSnapshotDurationSecondsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinSnapshotDurationSeconds{
    .name = "tocsin_snapshot_duration_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "What gathering the last snapshot took.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinSnapshotDurationSeconds = TypedObservable<TocsinSnapshotDurationSecondsLabels, kTocsinSnapshotDurationSeconds>;

// Series of the history that rules read. (gauge in {series})
using TocsinHistorySeriesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistorySeries{
    .name = "tocsin_history_series", .kind = Kind::Gauge, .unit = "{series}",
    .help = "Series of the history that rules read.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistorySeries = TypedObservable<TocsinHistorySeriesLabels, kTocsinHistorySeries>;

// Memory of the history. (gauge in By)
using TocsinHistoryMemoryBytesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistoryMemoryBytes{
    .name = "tocsin_history_memory_bytes", .kind = Kind::Gauge, .unit = "By",
    .help = "Memory of the history.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistoryMemoryBytes = TypedObservable<TocsinHistoryMemoryBytesLabels, kTocsinHistoryMemoryBytes>;

// Samples that the history took. (counter in {sample})
using TocsinHistorySamplesTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistorySamplesTotal{
    .name = "tocsin_history_samples_total", .kind = Kind::Counter, .unit = "{sample}",
    .help = "Samples that the history took.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistorySamplesTotal = TypedObservable<TocsinHistorySamplesTotalLabels, kTocsinHistorySamplesTotal>;

// Samples that the history did not take, by reason. (counter in {sample})
struct TocsinHistoryRejectedTotalLabels {
  Required<HistoryReason> history_reason;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {to_text(history_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinHistoryRejectedTotalLabels[] = {declared::kHistoryReason};
inline constexpr DeclaredMeter kTocsinHistoryRejectedTotal{
    .name = "tocsin_history_rejected_total", .kind = Kind::Counter, .unit = "{sample}",
    .help = "Samples that the history did not take, by reason.",
    .labels = kTocsinHistoryRejectedTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistoryRejectedTotal = TypedObservable<TocsinHistoryRejectedTotalLabels, kTocsinHistoryRejectedTotal>;

// Names of which the history keeps nothing, because its memory limit was reached. (gauge in {name})
using TocsinHistoryRefusedNamesLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistoryRefusedNames{
    .name = "tocsin_history_refused_names", .kind = Kind::Gauge, .unit = "{name}",
    .help = "Names of which the history keeps nothing, because its memory limit was reached.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistoryRefusedNames = TypedObservable<TocsinHistoryRefusedNamesLabels, kTocsinHistoryRefusedNames>;

// Times that the history could not be saved. (counter in {checkpoint})
using TocsinHistoryCheckpointFailuresTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistoryCheckpointFailuresTotal{
    .name = "tocsin_history_checkpoint_failures_total", .kind = Kind::Counter, .unit = "{checkpoint}",
    .help = "Times that the history could not be saved.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistoryCheckpointFailuresTotal = TypedObservable<TocsinHistoryCheckpointFailuresTotalLabels, kTocsinHistoryCheckpointFailuresTotal>;

// When the history was last saved. (gauge in s)
using TocsinHistoryLastCheckpointTimestampSecondsLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinHistoryLastCheckpointTimestampSeconds{
    .name = "tocsin_history_last_checkpoint_timestamp_seconds", .kind = Kind::Gauge, .unit = "s",
    .help = "When the history was last saved.",
    .labels = {}, .number = DeclaredNumber::Double, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinHistoryLastCheckpointTimestampSeconds = TypedObservable<TocsinHistoryLastCheckpointTimestampSecondsLabels, kTocsinHistoryLastCheckpointTimestampSeconds>;

// Log lines that repeated too often to be written. (counter in {line})
using TocsinLogLinesHeldBackTotalLabels = TocsinScrapeTargetsLabels;
inline constexpr DeclaredMeter kTocsinLogLinesHeldBackTotal{
    .name = "tocsin_log_lines_held_back_total", .kind = Kind::Counter, .unit = "{line}",
    .help = "Log lines that repeated too often to be written.",
    .labels = {}, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinLogLinesHeldBackTotal = TypedObservable<TocsinLogLinesHeldBackTotalLabels, kTocsinLogLinesHeldBackTotal>;

// Recordings of instruments that were dropped, by reason. Every service that links the library has it. (counter in
// {measurement})
struct TocsinDroppedMeasurementsTotalLabels {
  Required<MeasurementReason> measurement_reason;
  constexpr std::array<std::string_view, 1> values() const noexcept {
    return {to_text(measurement_reason.get())};
  }
};
inline constexpr DeclaredLabel kTocsinDroppedMeasurementsTotalLabels[] = {declared::kMeasurementReason};
inline constexpr DeclaredMeter kTocsinDroppedMeasurementsTotal{
    .name = "tocsin_dropped_measurements_total", .kind = Kind::Counter, .unit = "{measurement}",
    .help = "Recordings of instruments that were dropped, by reason. Every service that links the library has it.",
    .labels = kTocsinDroppedMeasurementsTotalLabels, .number = DeclaredNumber::Integer, .form = DeclaredForm::Observed,
    .bounds = {}, .native = false, .sets = {}};
using TocsinDroppedMeasurementsTotal = TypedObservable<TocsinDroppedMeasurementsTotalLabels, kTocsinDroppedMeasurementsTotal>;

// All of them, in the catalogue's order.
inline constexpr DeclaredMeter kTocsinCatalogue[] = {
    kTocsinReceiverReceivedTotal, kTocsinReceiverAcceptedTotal, kTocsinReceiverRejectedTotal,
    kTocsinReceiverFailedRequestsTotal, kTocsinSpansUnmeasuredTotal, kTocsinScrapeTargets, kTocsinScrapeTargetsUp,
    kTocsinTargetScrapesTotal, kTocsinTargetScrapesFailedTotal, kTocsinTargetScrapesSkippedTotal,
    kTocsinTargetScrapeBytesTotal, kTocsinListenerUp, kTocsinListenerRefusedTotal, kTocsinIntakeSenders,
    kTocsinIntakeSeries, kTocsinIntakeMemoryBytes, kTocsinIntakeOverflowedTotal, kTocsinIntakeConflictsTotal,
    kTocsinExportOfferedTotal, kTocsinExportSentTotal, kTocsinExportQueued, kTocsinExportInFlight,
    kTocsinExportDroppedTotal, kTocsinExportRequestsTotal, kTocsinExportLastSuccessTimestampSeconds,
    kTocsinRuleEvaluationsTotal, kTocsinRuleFailuresTotal, kTocsinRuleMissedEvaluationsTotal,
    kTocsinRuleSkippedTicksTotal, kTocsinRuleSamplesTotal, kTocsinRuleDiscardedSamplesTotal,
    kTocsinRuleCycleDurationSeconds, kTocsinRuleGroups, kTocsinRuleFileFaults, kTocsinRuleMatchesNothing, kTocsinAlerts,
    kTocsinAlertMissingData, kTocsinNotifyOfferedTotal, kTocsinNotifySentTotal, kTocsinNotifyQueued,
    kTocsinNotifyInFlight, kTocsinNotifyDroppedTotal, kTocsinNotifyRequestsTotal, kTocsinNotifyFailedRequestsTotal,
    kTocsinNotifyAlertsTotal, kTocsinNotifyOldestWaitingTimestampSeconds, kTocsinNotifyLastSuccessTimestampSeconds,
    kTocsinNotifyOutboxAlerts, kTocsinStoreCommitsTotal, kTocsinStoreFailedCommitsTotal, kTocsinStoreWaitingRows,
    kTocsinStoreFileBytes, kTocsinStorePutAsideTotal, kTocsinBuildInfo, kTocsinLinksInfo, kTocsinAlertThreshold,
    kTocsinConfigLastReloadSuccessful, kTocsinConfigLastReloadSuccessTimestampSeconds, kTocsinScrapesTotal,
    kTocsinTicksTotal, kTocsinTicksLateTotal, kTocsinTicksSkippedTotal, kTocsinSeries, kTocsinSnapshotDurationSeconds,
    kTocsinHistorySeries, kTocsinHistoryMemoryBytes, kTocsinHistorySamplesTotal, kTocsinHistoryRejectedTotal,
    kTocsinHistoryRefusedNames, kTocsinHistoryCheckpointFailuresTotal, kTocsinHistoryLastCheckpointTimestampSeconds,
    kTocsinLogLinesHeldBackTotal, kTocsinDroppedMeasurementsTotal};

}  // namespace tocsin::meters
