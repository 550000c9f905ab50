// SPDX-License-Identifier: Apache-2.0
// The checkpoint reader: as it comes, and, so that hashes do not keep everything out, as sections with good hashes: a kind,
// a length of two bytes, the section. What is restored is read through and saved again.
#include <cstdint>
#include <string>

#include "rules/src/window_sections.h"
#include "rules/window_checkpoint.h"

namespace {

using namespace tocsin;

struct Bytes : rules::ByteSink {
  Result<void> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

void restore(std::string_view checkpoint, Time now) {
  rules::Window window({});
  if (!window.restore(checkpoint, now)) return;
  const auto view = window.view();
  const auto every = rules::promql::Matcher::make("__name__", rules::promql::MatchType::Regex, ".*");
  constexpr rules::promql::TimeRange kAll{-(std::int64_t{1} << 62), std::int64_t{1} << 62};
  const auto rows = view->select(std::vector{*every}, kAll);
  rules::promql::Block block;
  (void)view->read(*rows, kAll, block);
  Bytes again;
  (void)window.checkpoint()->save(again);
  window.expire(now);
}

// Today, and on a clock that was set back into the middle of what was saved.
const Time kNow = from_unix_ns(std::int64_t{1} << 60), kSetBack = from_unix_ns(1'700'000'030'000'000'000);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  restore(input, kNow);
  Bytes framed;
  while (input.size() >= 3) {
    const auto kind = static_cast<rules::Section>(input[0]);
    const std::size_t length = (static_cast<std::uint8_t>(input[1]) << 8) | static_cast<std::uint8_t>(input[2]);
    const std::string_view section = input.substr(3, length);
    input.remove_prefix(3 + section.size());
    (void)rules::write_section(framed, kind, section);
  }
  (void)rules::write_section(framed, rules::Section::End, {});
  restore(framed.text, kNow);
  restore(framed.text, kSetBack);
  return 0;
}
