// SPDX-License-Identifier: Apache-2.0
// Arithmetic and comparisons of two vectors, matched by labels. Works signature by signature: the series of both sides
// that have the same matching labels, whatever the step.
#include <algorithm>
#include <limits>

#include "rules/promql/src/aggregate.h"
#include "rules/promql/src/binary.h"
#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// One side's series, chained by signature in their order.
struct Side {
  Grid grid;
  std::vector<std::uint32_t> first, last, following;

  void chain(Grouper& signatures) {
    following.assign(grid.size(), kNone);
    for (std::uint32_t i = 0; i < grid.size(); ++i) {
      const std::uint32_t signature = signatures.group_of(grid.series[i]);
      if (signature >= first.size()) first.resize(signature + 1, kNone), last.resize(signature + 1, kNone);
      if (first[signature] == kNone) first[signature] = i;
      else following[last[signature]] = i;
      last[signature] = i;
    }
  }
  std::uint32_t head(std::size_t signature) const noexcept { return signature < first.size() ? first[signature] : kNone; }
  bool several(std::size_t signature) const noexcept {
    return head(signature) != kNone && following[head(signature)] != kNone;
  }
};

class VectorBinary final : public WholeOperator {
 public:
  VectorBinary(Run& run, BinaryPlan plan, MatchingPlan matching)
      : WholeOperator(run), plan_(std::move(plan)), matching_(std::move(matching)) {}

 private:
  bool one_to_one() const noexcept { return matching_.cardinality == Cardinality::OneToOne; }
  bool swapped() const noexcept { return matching_.cardinality == Cardinality::OneToMany; }

  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse left_memory(run_), right_memory(run_);
    auto left = collect(*plan_.left, steps, run_, left_memory);
    if (!left) return left.error();
    auto right = collect(*plan_.right, steps, run_, right_memory);
    if (!right) return right.error();
    steps_ = steps.count;
    many_ = {}, one_ = {};
    many_.grid = std::move(swapped() ? *right : *left);
    one_.grid = std::move(swapped() ? *left : *right);
    const bool fills = matching_.fill_left || matching_.fill_right;
    if (!fills && (many_.grid.size() == 0 || one_.grid.size() == 0)) return {};
    Grouper signatures(run_.space, matching_.labels, !matching_.on);
    many_.chain(signatures);
    one_.chain(signatures);
    any_many_ = present_steps(many_.grid);
    into.series.reserve(many_.grid.size());
    into.values.reserve(many_.grid.size() * steps_);
    bool equal = !one_to_one() || fills;  // may results have equal labels?
    for (std::size_t signature = 0; signature < signatures.size(); ++signature) {
      // The matching labels themselves are the result's, or an error's: else they need not be made.
      const bool named = (one_to_one() && matching_.on) || fills || one_.several(signature);
      group_ = named ? signatures.labels(signature) : SeriesKey{};
      if (auto done = match(signature, into); !done) return done.error();
      equal |= many_.several(signature) || one_.several(signature);
    }
    return equal ? merge_equal(into, run_, false) : Result<void>();
  }

  std::vector<char> present_steps(const Grid& grid) const {
    std::vector<char> present(steps_);
    for (std::size_t i = 0; i < grid.size(); ++i)
      for (std::uint32_t step = 0; step < steps_; ++step) present[step] |= !is_absent(grid.row(i)[step]);
    return present;
  }

  Result<void> match(std::size_t signature, Grid& into) {
    if (one_.several(signature))
      if (auto unique = check_one_side(signature); !unique) return unique;
    matched_.assign(many_.several(signature) || one_.several(signature) ? steps_ : 0, 0);
    if (many_.several(signature) && !one_to_one()) results_ = KeyTable(), seen_.clear();
    for (std::uint32_t many = many_.head(signature); many != kNone; many = many_.following[many]) {
      if (one_.several(signature))
        if (auto going = run_.proceed(); !going) return going;
      for (std::uint32_t one = one_.head(signature); one != kNone; one = one_.following[one])
        if (auto done = match_pair(many, one, many_.several(signature), into); !done) return done;
    }
    if (matching_.fill_left || matching_.fill_right) return fill(signature, into);
    return {};
  }

  Result<void> check_one_side(std::size_t signature) {
    for (std::uint32_t step = 0; step < steps_; ++step) {
      if (!any_many_[step] && !matching_.fill_left && !matching_.fill_right) continue;
      std::uint32_t found = kNone;
      for (std::uint32_t one = one_.head(signature); one != kNone; one = one_.following[one]) {
        if (is_absent(one_.grid.row(one)[step])) continue;
        if (found == kNone) {
          found = one;
          continue;
        }
        auto [first, second] = std::minmax({run_.space.to_string(one_.grid.series[one]), run_.space.to_string(one_.grid.series[found])});
        return Error{Fault::Input, "found duplicate series for the match group " + run_.space.to_string(group_) + " on the " +
                                       (swapped() ? "left" : "right") + " hand-side of the operation: [" + first + ", " +
                                       second +
                                       "];many-to-many matching not allowed: matching labels must be unique on one side"};
      }
    }
    return {};
  }

  Result<void> match_pair(std::uint32_t many, std::uint32_t one, bool several, Grid& into) {
    const SeriesKey key = result_key(many_.grid.series[many], one_.grid.series[one]);
    std::vector<char>* const seen = several && !one_to_one() ? seen_at(key) : nullptr;
    const double* const many_row = many_.grid.row(many);
    const double* const one_row = one_.grid.row(one);
    std::size_t row = SIZE_MAX;
    for (std::uint32_t step = 0; step < steps_; ++step) {
      if (is_absent(many_row[step]) || is_absent(one_row[step])) continue;
      Combined out;
      if (!combine_at(operand(many_.grid, many, step), operand(one_.grid, one, step), out)) continue;
      if (auto unique = note_match(step, several, seen); !unique) return unique;
      if (row == SIZE_MAX) row = into.add(key);
      put(out, row, step, into);
    }
    return {};
  }

  static Operand operand(const Grid& grid, std::uint32_t i, std::uint32_t step) {
    if (!grid.has_histogram(i, step)) return {grid.row(i)[step], nullptr, nullptr};
    const HistogramPtr& histogram = grid.histogram(i, step);
    return {0, histogram.get(), histogram};
  }

  bool combine_at(const Operand& many, const Operand& one, Combined& out) {
    const Operand& left = swapped() ? one : many;
    const Operand& right = swapped() ? many : one;
    if (left.histogram || right.histogram || plan_.op >= BinaryOp::TrimUpper) {
      return combine(plan_.op, left, right, plan_.range, run_.notes, out);
    }
    const double value = combine(plan_.op, left.value, right.value);
    if (is_comparison(plan_.op)) out = {left.value, nullptr, value != 0};
    else out.value = value;
    return true;
  }

  std::vector<char>* seen_at(SeriesKey key) {
    const std::uint32_t number = results_.number(key);
    if (number == seen_.size()) seen_.emplace_back(std::make_unique<std::vector<char>>(steps_));
    return seen_[number].get();
  }

  // At one step a signature may match once; with group_left or group_right, once for each resulting series.
  Result<void> note_match(std::uint32_t step, bool several, std::vector<char>* seen) {
    if (one_to_one() && several && std::exchange(matched_[step], 1)) {
      return Error{Fault::Input,
                   "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"};
    }
    if (seen && std::exchange((*seen)[step], 1)) {
      return Error{Fault::Input, "multiple matches for labels: grouping labels must ensure unique matches"};
    }
    return {};
  }

  void put(Combined& out, std::size_t row, std::uint32_t step, Grid& into) {
    if (is_comparison(plan_.op)) {
      auto& coverage = run_.coverage.comparisons[plan_.coverage];
      ++coverage.compared;
      coverage.removed += !out.keep && !plan_.return_bool;
    }
    if (plan_.return_bool) into.row(row)[step] = out.keep;
    else if (!out.keep) return;
    else if (out.histogram) into.set(row, step, std::move(out.histogram));
    else into.row(row)[step] = out.value;
  }

  SeriesKey result_key(SeriesKey many, SeriesKey one) {
    SeriesKey key = many;
    key.drop_name = false;
    if (changes_meaning(plan_.op)) key = run_.space.without_name(key);
    if (one_to_one() && matching_.on) key = changes_meaning(plan_.op) ? run_.space.without_name(group_) : group_;
    else if (one_to_one()) key = run_.space.without(key, matching_.labels);
    for (const Symbol label : matching_.include) key = run_.space.with(key, label, LabelSpace::value(one, label));
    return plan_.return_bool ? run_.drop_name(key) : key;
  }

  // fill_left and fill_right: a value for the side that has no sample at a step. With group_right as well, Prometheus takes
  // the left one for the side of the many.
  Result<void> fill(std::size_t signature, Grid& into) {
    const auto& for_one = matching_.fill_right;
    const auto& for_many = matching_.fill_left;
    if (for_one) {
      for (std::uint32_t many = many_.head(signature); many != kNone; many = many_.following[many]) {
        const auto lonely = [&](std::uint32_t step) { return !any_at(one_, signature, step); };
        fill_row(many_.grid, many, *for_one, true, lonely, into);
      }
    }
    if (for_many) {
      for (std::uint32_t one = one_.head(signature); one != kNone; one = one_.following[one]) {
        const auto lonely = [&](std::uint32_t step) { return !any_at(many_, signature, step); };
        fill_row(one_.grid, one, *for_many, false, lonely, into);
      }
    }
    return {};
  }

  bool any_at(const Side& side, std::size_t signature, std::uint32_t step) const noexcept {
    for (std::uint32_t i = side.head(signature); i != kNone; i = side.following[i])
      if (!is_absent(side.grid.row(i)[step])) return true;
    return false;
  }

  template <class Lonely>
  void fill_row(const Grid& grid, std::uint32_t i, double value, bool is_many, const Lonely& lonely, Grid& into) {
    const SeriesKey key = is_many ? result_key(grid.series[i], group_) : result_key(group_, grid.series[i]);
    std::size_t row = SIZE_MAX;
    for (std::uint32_t step = 0; step < steps_; ++step) {
      if (is_absent(grid.row(i)[step]) || !lonely(step)) continue;
      const Operand there = operand(grid, i, step), filled{value, nullptr, nullptr};
      Combined out;
      if (!combine_at(is_many ? there : filled, is_many ? filled : there, out)) continue;
      if (row == SIZE_MAX) row = into.add(key);
      put(out, row, step, into);
    }
  }

  BinaryPlan plan_;
  MatchingPlan matching_;
  std::uint32_t steps_ = 1;
  Side many_, one_;
  SeriesKey group_;                // the matching labels of the signature at hand
  std::vector<char> any_many_;     // by step
  std::vector<char> matched_;      // of this signature, by step
  KeyTable results_;               // of this signature
  std::vector<std::unique_ptr<std::vector<char>>> seen_;  // by result, then step
};

class SetOperator final : public WholeOperator {
 public:
  SetOperator(Run& run, BinaryPlan plan, MatchingPlan matching)
      : WholeOperator(run), op_(plan.op), left_(std::move(plan.left)), right_(std::move(plan.right)),
        matching_(std::move(matching)) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse left_memory(run_), right_memory(run_);
    auto left = collect(*left_, steps, run_, left_memory);
    if (!left) return left.error();
    auto right = collect(*right_, steps, run_, right_memory);
    if (!right) return right.error();
    Grouper signatures(run_.space, matching_.labels, !matching_.on);
    const auto left_signatures = numbered(*left, signatures), right_signatures = numbered(*right, signatures);
    std::vector<char> present(signatures.size() * steps.count);
    if (op_ == BinaryOp::Or) {
      mark(*left, left_signatures, present);
      into = std::move(*left);
      copy(*right, right_signatures, present, false, into);
      if (steps.count > 1) return merge_equal(into, run_, false);
    } else {
      mark(*right, right_signatures, present);
      copy(*left, left_signatures, present, op_ == BinaryOp::And, into);
    }
    return {};
  }

  static std::vector<std::uint32_t> numbered(const Grid& grid, Grouper& signatures) {
    std::vector<std::uint32_t> numbers(grid.size());
    for (std::size_t i = 0; i < grid.size(); ++i) numbers[i] = signatures.group_of(grid.series[i]);
    return numbers;
  }

  static void mark(const Grid& grid, const std::vector<std::uint32_t>& signatures, std::vector<char>& present) {
    for (std::size_t i = 0; i < grid.size(); ++i)
      for (std::uint32_t step = 0; step < grid.steps; ++step)
        if (!is_absent(grid.row(i)[step])) present[std::size_t{signatures[i]} * grid.steps + step] = 1;
  }

  // The samples whose signature is, or is not, present on the other side at their step.
  static void copy(const Grid& from, const std::vector<std::uint32_t>& signatures, const std::vector<char>& present,
                   bool wanted, Grid& into) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      std::size_t row = SIZE_MAX;
      for (std::uint32_t step = 0; step < from.steps; ++step) {
        const bool there = present[std::size_t{signatures[i]} * from.steps + step] != 0;
        if (is_absent(from.row(i)[step]) || there != wanted) continue;
        if (row == SIZE_MAX) row = into.add(from.series[i]);
        if (from.has_histogram(i, step)) into.set(row, step, from.histogram(i, step));
        else into.row(row)[step] = from.row(i)[step];
      }
    }
  }

  BinaryOp op_;
  OperatorPtr left_, right_;
  MatchingPlan matching_;
};

}  // namespace

OperatorPtr make_vector_binary(Run& run, BinaryPlan plan, MatchingPlan matching) {
  return std::make_unique<VectorBinary>(run, std::move(plan), std::move(matching));
}

OperatorPtr make_set_operator(Run& run, BinaryPlan plan, MatchingPlan matching) {
  return std::make_unique<SetOperator>(run, std::move(plan), std::move(matching));
}

}  // namespace tocsin::rules::promql
