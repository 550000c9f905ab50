// SPDX-License-Identifier: Apache-2.0
#include "exporters/scrape_handler.h"

#include <utility>

#include "wire/compression.h"

namespace tocsin::exporters {

namespace {

// Compresses on the way, if asked to, and counts nothing: the report does.
class Body {
 public:
  Body(wire::Encoding encoding, wire::HttpResponder& responder)
      : responder_(responder),
        compressor_(encoding == wire::Encoding::Identity ? nullptr : wire::Compressor::make(encoding)) {}

  bool append(std::string_view block) {
    if (!compressor_) return responder_.write(block);
    compressor_->append(block, ready_);
    return send();
  }
  bool finish() {
    if (!compressor_) return true;
    compressor_->finish(ready_);
    return send();
  }

 private:
  bool send() {
    if (ready_.empty()) return true;
    const bool wanted = responder_.write(ready_);
    ready_.clear();
    return wanted;
  }

  wire::HttpResponder& responder_;
  std::unique_ptr<wire::Compressor> compressor_;
  std::string ready_;
};

Result<SeriesFilter> filter_of(const wire::QueryParameters& query, const CompilePattern& compile_pattern) {
  SeriesFilter filter;
  for (const auto& [name, value] : query) {
    if (name == "name[]") {
      filter.names.push_back(value);
    } else if (name == "match[]") {
      auto selector = parse_selector(value, compile_pattern);
      if (!selector) return selector.error();
      filter.selectors.push_back(*std::move(selector));
    }
  }
  return filter;
}

}  // namespace

ScrapeHandler::ScrapeHandler(Snapshots snapshots, ScrapeOptions options)
    : snapshots_(std::move(snapshots)), options_(std::make_shared<const ScrapeOptions>(std::move(options))) {}

void ScrapeHandler::configure(ScrapeOptions options) {
  auto made = std::make_shared<const ScrapeOptions>(std::move(options));
  const std::lock_guard lock(mutex_);
  options_ = std::move(made);
}

void ScrapeHandler::handle(const wire::HttpRequest& request, wire::HttpResponder& responder) {
  const auto refuse = [&](int status, const wire::HttpHeaders& headers, std::string_view text) {
    {
      const std::lock_guard lock(mutex_);
      ++(status == 503 ? totals_.unavailable : totals_.refused);
    }
    responder.send(status, headers, text);
  };
  const wire::HttpHeaders::Field plain{"Content-Type", "text/plain; charset=utf-8"};
  if (!request.is_read()) return refuse(405, {plain, {"Allow", "GET, HEAD"}}, "only GET and HEAD\n");
  const auto options = [this] {
    const std::lock_guard lock(mutex_);
    return options_;
  }();
  const auto filter = filter_of(request.query, options->compile_pattern);
  if (!filter) return refuse(400, {plain}, filter.error().message + '\n');
  const auto snapshot = snapshots_();
  if (!snapshot) return refuse(503, {plain}, "nothing has been collected yet\n");
  answer(request, *snapshot, options->exposition, *filter, responder);
}

void ScrapeHandler::answer(const wire::HttpRequest& request, const meters::Snapshot& snapshot,
                           const ExpositionOptions& exposition, const SeriesFilter& filter,
                           wire::HttpResponder& responder) {
  const Exposition choice = negotiate(request.headers.joined("Accept"), request.headers.joined("Accept-Encoding"));
  wire::HttpHeaders headers{{"Content-Type", choice.content_type}, {"Vary", "Accept, Accept-Encoding"}};
  if (choice.encoding != wire::Encoding::Identity)
    headers.add("Content-Encoding", std::string(wire::encoding_name(choice.encoding)));
  if (!responder.begin(200, headers)) return;

  ExpositionOptions options = exposition;
  options.escaping = choice.escaping;
  const bool filtered = !filter.names.empty() || !filter.selectors.empty();
  options.filter = filtered ? &filter : nullptr;
  Body body(choice.encoding, responder);
  ExpositionReport report =
      encode(choice.format, snapshot, options, [&](std::string_view block) { return body.append(block); });
  const bool whole = report.complete && body.finish();
  if (whole) responder.end();

  const std::lock_guard lock(mutex_);
  totals_.bytes += report.bytes;
  if (!whole) {
    ++totals_.cut_off;
    return;
  }
  ++totals_.scrapes;
  ++totals_.by_format[static_cast<std::size_t>(choice.format)];
  if (!filtered) totals_.last = std::move(report);
}

ScrapeTotals ScrapeHandler::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace tocsin::exporters
