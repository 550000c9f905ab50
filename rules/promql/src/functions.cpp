// SPDX-License-Identifier: Apache-2.0
// The table of functions, by name. A function's types and words stand here and nowhere else.
#include "rules/promql/functions.h"

#include <algorithm>
#include <cstddef>

namespace tocsin::rules::promql {
namespace {

using enum ValueType;
constexpr bool kStable = false;
constexpr bool kExperimental = true;

constexpr Signature kFunctions[] = {
    {"abs", {Vector}, 0, Vector, kStable,
     "the absolute value"},
    {"absent", {Vector}, 0, Vector, kStable,
     "1 where the vector is empty, with the labels its selector asks for"},
    {"absent_over_time", {Matrix}, 0, Vector, kStable,
     "1 where the range holds no sample at all"},
    {"acos", {Vector}, 0, Vector, kStable,
     "the arc cosine, in radians"},
    {"acosh", {Vector}, 0, Vector, kStable,
     "the inverse hyperbolic cosine"},
    {"asin", {Vector}, 0, Vector, kStable,
     "the arc sine, in radians"},
    {"asinh", {Vector}, 0, Vector, kStable,
     "the inverse hyperbolic sine"},
    {"atan", {Vector}, 0, Vector, kStable,
     "the arc tangent, in radians"},
    {"atanh", {Vector}, 0, Vector, kStable,
     "the inverse hyperbolic tangent"},
    {"avg_over_time", {Matrix}, 0, Vector, kStable,
     "the average of the range's samples"},
    {"ceil", {Vector}, 0, Vector, kStable,
     "rounded up to a whole number"},
    {"changes", {Matrix}, 0, Vector, kStable,
     "how often the value changed in the range"},
    {"clamp", {Vector, Scalar, Scalar}, 0, Vector, kStable,
     "limited to [min, max]; empty where min > max"},
    {"clamp_max", {Vector, Scalar}, 0, Vector, kStable,
     "limited to at most max"},
    {"clamp_min", {Vector, Scalar}, 0, Vector, kStable,
     "limited to at least min"},
    {"cos", {Vector}, 0, Vector, kStable,
     "the cosine of radians"},
    {"cosh", {Vector}, 0, Vector, kStable,
     "the hyperbolic cosine"},
    {"count_over_time", {Matrix}, 0, Vector, kStable,
     "how many samples the range holds"},
    {"day_of_month", {Vector}, 1, Vector, kStable,
     "day of the month of a Unix time, 1 to 31, in UTC"},
    {"day_of_week", {Vector}, 1, Vector, kStable,
     "day of the week of a Unix time, 0 is Sunday, in UTC"},
    {"day_of_year", {Vector}, 1, Vector, kStable,
     "day of the year of a Unix time, 1 to 366, in UTC"},
    {"days_in_month", {Vector}, 1, Vector, kStable,
     "days of the month of a Unix time, in UTC"},
    {"deg", {Vector}, 0, Vector, kStable,
     "radians as degrees"},
    {"delta", {Matrix}, 0, Vector, kStable,
     "how much a gauge rose over the range, extrapolated to its edges"},
    {"deriv", {Matrix}, 0, Vector, kStable,
     "a gauge's slope a second, by linear regression"},
    {"double_exponential_smoothing", {Matrix, Scalar, Scalar}, 0, Vector, kExperimental,
     "a gauge smoothed with a factor and a trend factor"},
    {"end", {}, 0, Scalar, kExperimental,
     "the query's end, as a Unix time"},
    {"exp", {Vector}, 0, Vector, kStable,
     "e to that power"},
    {"first_over_time", {Matrix}, 0, Vector, kStable,
     "the oldest sample of the range"},
    {"floor", {Vector}, 0, Vector, kStable,
     "rounded down to a whole number"},
    {"histogram_avg", {Vector}, 0, Vector, kStable,
     "a native histogram's mean"},
    {"histogram_count", {Vector}, 0, Vector, kStable,
     "a native histogram's number of observations"},
    {"histogram_fraction", {Scalar, Scalar, Vector}, 0, Vector, kStable,
     "the estimated share of observations between two values"},
    {"histogram_quantile", {Scalar, Vector}, 0, Vector, kStable,
     "an estimated quantile of a classic or native histogram"},
    {"histogram_quantiles", {Vector, String, Scalar, Scalar}, 9, Vector, kExperimental,
     "several quantiles at once, the quantile in the given label"},
    {"histogram_stddev", {Vector}, 0, Vector, kStable,
     "a native histogram's estimated standard deviation"},
    {"histogram_stdvar", {Vector}, 0, Vector, kStable,
     "a native histogram's estimated variance"},
    {"histogram_sum", {Vector}, 0, Vector, kStable,
     "a native histogram's sum of observations"},
    {"hour", {Vector}, 1, Vector, kStable,
     "hour of the day of a Unix time, 0 to 23, in UTC"},
    {"idelta", {Matrix}, 0, Vector, kStable,
     "the difference of the last two samples"},
    {"increase", {Matrix}, 0, Vector, kStable,
     "how much a counter rose over the range, extrapolated to its edges"},
    {"info", {Vector, Vector}, 1, Vector, kExperimental,
     "with the data labels of the matching info series"},
    {"irate", {Matrix}, 0, Vector, kStable,
     "a counter's rate a second by its last two samples"},
    {"label_join", {Vector, String, String, String}, -1, Vector, kStable,
     "a label set from others, joined by a separator"},
    {"label_replace", {Vector, String, String, String, String}, 0, Vector, kStable,
     "a label set from another by an expression"},
    {"last_over_time", {Matrix}, 0, Vector, kStable,
     "the newest sample of the range"},
    {"ln", {Vector}, 0, Vector, kStable,
     "the natural logarithm"},
    {"log10", {Vector}, 0, Vector, kStable,
     "the decimal logarithm"},
    {"log2", {Vector}, 0, Vector, kStable,
     "the binary logarithm"},
    {"mad_over_time", {Matrix}, 0, Vector, kExperimental,
     "the median absolute deviation of the range's samples"},
    {"max_of", {Scalar, Scalar}, 0, Scalar, kExperimental,
     "the larger of two scalars"},
    {"max_over_time", {Matrix}, 0, Vector, kStable,
     "the largest sample of the range"},
    {"min_of", {Scalar, Scalar}, 0, Scalar, kExperimental,
     "the smaller of two scalars"},
    {"min_over_time", {Matrix}, 0, Vector, kStable,
     "the smallest sample of the range"},
    {"minute", {Vector}, 1, Vector, kStable,
     "minute of the hour of a Unix time, 0 to 59, in UTC"},
    {"month", {Vector}, 1, Vector, kStable,
     "month of a Unix time, 1 to 12, in UTC"},
    {"pi", {}, 0, Scalar, kStable,
     "the number pi"},
    {"predict_linear", {Matrix, Scalar}, 0, Vector, kStable,
     "a gauge's value so many seconds from now, by linear regression"},
    {"present_over_time", {Matrix}, 0, Vector, kStable,
     "1 for each series with a sample in the range"},
    {"quantile_over_time", {Scalar, Matrix}, 0, Vector, kStable,
     "a quantile of the range's samples"},
    {"rad", {Vector}, 0, Vector, kStable,
     "degrees as radians"},
    {"range", {}, 0, Scalar, kExperimental,
     "the query's length, in seconds"},
    {"rate", {Matrix}, 0, Vector, kStable,
     "a counter's rise a second over the range, extrapolated to its edges"},
    {"resets", {Matrix}, 0, Vector, kStable,
     "how often a counter was reset in the range"},
    {"round", {Vector, Scalar}, 1, Vector, kStable,
     "rounded to the nearest multiple"},
    {"scalar", {Vector}, 0, Scalar, kStable,
     "the value of a vector's one element, else NaN"},
    {"sgn", {Vector}, 0, Vector, kStable,
     "1, -1 or 0 by the sign"},
    {"sin", {Vector}, 0, Vector, kStable,
     "the sine of radians"},
    {"sinh", {Vector}, 0, Vector, kStable,
     "the hyperbolic sine"},
    {"sort", {Vector}, 0, Vector, kStable,
     "sorted by value, ascending"},
    {"sort_by_label", {Vector, String}, -1, Vector, kExperimental,
     "sorted by labels, in natural order, ascending"},
    {"sort_by_label_desc", {Vector, String}, -1, Vector, kExperimental,
     "sorted by labels, in natural order, descending"},
    {"sort_desc", {Vector}, 0, Vector, kStable,
     "sorted by value, descending"},
    {"sqrt", {Vector}, 0, Vector, kStable,
     "the square root"},
    {"start", {}, 0, Scalar, kExperimental,
     "the query's start, as a Unix time"},
    {"start_timestamp", {Vector}, 0, Vector, kExperimental,
     "when the sample's series started, as a Unix time"},
    {"stddev_over_time", {Matrix}, 0, Vector, kStable,
     "the standard deviation of the range's samples"},
    {"stdvar_over_time", {Matrix}, 0, Vector, kStable,
     "the variance of the range's samples"},
    {"step", {}, 0, Scalar, kExperimental,
     "the query's step, in seconds"},
    {"sum_over_time", {Matrix}, 0, Vector, kStable,
     "the sum of the range's samples"},
    {"tan", {Vector}, 0, Vector, kStable,
     "the tangent of radians"},
    {"tanh", {Vector}, 0, Vector, kStable,
     "the hyperbolic tangent"},
    {"time", {}, 0, Scalar, kStable,
     "the time of evaluation, as a Unix time"},
    {"timestamp", {Vector}, 0, Vector, kStable,
     "when each sample was taken, as a Unix time"},
    {"ts_of_first_over_time", {Matrix}, 0, Vector, kExperimental,
     "when the range's oldest sample was"},
    {"ts_of_last_over_time", {Matrix}, 0, Vector, kExperimental,
     "when the range's newest sample was"},
    {"ts_of_max_over_time", {Matrix}, 0, Vector, kExperimental,
     "when the range's last largest sample was"},
    {"ts_of_min_over_time", {Matrix}, 0, Vector, kExperimental,
     "when the range's last smallest sample was"},
    {"vector", {Scalar}, 0, Vector, kStable,
     "a scalar as a vector without labels"},
    {"year", {Vector}, 1, Vector, kStable,
     "year of a Unix time, in UTC"},
};

static_assert(std::ranges::is_sorted(kFunctions, {}, &Signature::name));

}  // namespace

int Signature::arity() const noexcept {
  return static_cast<int>(std::ranges::count_if(types, [](ValueType type) { return type != None; }));
}

ValueType Signature::type_of(std::size_t index) const noexcept {
  const int last = arity() - 1;
  return last < 0 ? None : types[std::min(index, static_cast<std::size_t>(last))];
}

std::span<const Signature> functions() noexcept { return kFunctions; }

const Signature* find_function(std::string_view name) noexcept {
  const auto* found = std::ranges::lower_bound(kFunctions, name, {}, &Signature::name);
  return found != std::end(kFunctions) && found->name == name ? found : nullptr;
}

std::string_view documented(ValueType type) noexcept {
  switch (type) {
    case None: return "none";
    case Scalar: return "scalar";
    case Vector: return "instant vector";
    case Matrix: return "range vector";
    case String: return "string";
  }
  return "none";
}

std::string_view text_of(ValueType type) noexcept {
  switch (type) {
    case None: return "none";
    case Scalar: return "scalar";
    case Vector: return "vector";
    case Matrix: return "matrix";
    case String: return "string";
  }
  return "none";
}

}  // namespace tocsin::rules::promql
