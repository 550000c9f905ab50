// SPDX-License-Identifier: Apache-2.0
#include "meters/src/exemplar_cells.h"

#include <cstring>

namespace tocsin::meters::detail {

// The version is odd while the others are written.
void ExemplarCells::keep(double value, std::int64_t time_ns, const ExemplarContext& context) noexcept {
  std::uint64_t version = cells[0].load(std::memory_order_relaxed);
  if ((version & 1U) != 0 ||
      !cells[0].compare_exchange_strong(version, version + 1, std::memory_order_acquire, std::memory_order_relaxed))
    return;
  std::uint64_t ids[3];
  std::memcpy(ids, context.trace_id.data(), 16);
  std::memcpy(ids + 2, context.span_id.data(), 8);
  cells[1].store(std::bit_cast<std::uint64_t>(value), std::memory_order_release);
  cells[2].store(static_cast<std::uint64_t>(time_ns), std::memory_order_release);
  for (std::size_t i = 0; i < 3; ++i) cells[3 + i].store(ids[i], std::memory_order_release);
  cells[0].store(version + 2, std::memory_order_release);
}

std::optional<Exemplar> ExemplarCells::read() const noexcept {
  const std::uint64_t version = cells[0].load(std::memory_order_acquire);
  if (version == 0 || (version & 1U) != 0) return std::nullopt;
  Exemplar exemplar;
  exemplar.value = std::bit_cast<double>(cells[1].load(std::memory_order_acquire));
  exemplar.time = from_unix_ns(static_cast<std::int64_t>(cells[2].load(std::memory_order_acquire)));
  std::uint64_t ids[3];
  for (std::size_t i = 0; i < 3; ++i) ids[i] = cells[3 + i].load(std::memory_order_acquire);
  std::memcpy(exemplar.trace_id.data(), ids, 16);
  std::memcpy(exemplar.span_id.data(), ids + 2, 8);
  if (cells[0].load(std::memory_order_relaxed) != version) return std::nullopt;
  return exemplar;
}

}  // namespace tocsin::meters::detail
