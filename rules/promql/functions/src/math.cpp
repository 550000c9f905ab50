// SPDX-License-Identifier: Apache-2.0
// Functions of one number.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

using Scalars = std::span<const double>;

template <double (*kFunction)(double)>
double plain(double value, Scalars) {
  return kFunction(value);
}

double square_root(double x) noexcept { return std::sqrt(x); }
double rad(double x, Scalars) { return x * std::numbers::pi / 180; }
double deg(double x, Scalars) { return x * 180 / std::numbers::pi; }
double sgn(double x, Scalars) { return x < 0 ? -1 : x > 0 ? 1 : x; }

// As Go's math.Max and Min: a NaN wins.
double go_max(double a, double b) noexcept {
  if (std::isinf(a) && a > 0) return a;
  return std::isnan(a) || std::isnan(b) ? (std::isinf(b) && b > 0 ? b : std::nan("")) : std::max(a, b);
}
double go_min(double a, double b) noexcept { return -go_max(-a, -b); }

double clamped(double x, double least, double most) noexcept {
  return most < least ? kAbsent : go_max(least, go_min(most, x));
}
double clamp(double x, Scalars bounds) { return clamped(x, bounds[0], bounds[1]); }
double clamp_min(double x, Scalars bounds) { return clamped(x, bounds[0], std::numeric_limits<double>::infinity()); }
double clamp_max(double x, Scalars bounds) { return clamped(x, -std::numeric_limits<double>::infinity(), bounds[0]); }

// To the nearest multiple, a tie upwards. Dividing by the inverse keeps more digits.
double round(double x, Scalars to) {
  const double inverse = 1.0 / (to.empty() ? 1.0 : to[0]);
  return std::floor(x * inverse + 0.5) / inverse;
}

constexpr FloatRow kRows[] = {
    {"abs", plain<std::fabs>},     {"acos", plain<std::acos>},   {"acosh", plain<std::acosh>}, {"asin", plain<std::asin>},
    {"asinh", plain<std::asinh>},  {"atan", plain<std::atan>},   {"atanh", plain<std::atanh>}, {"ceil", plain<std::ceil>},
    {"clamp", clamp},              {"clamp_max", clamp_max},     {"clamp_min", clamp_min},     {"cos", plain<std::cos>},
    {"cosh", plain<std::cosh>},    {"deg", deg},                 {"exp", plain<std::exp>},     {"floor", plain<std::floor>},
    {"ln", plain<std::log>},       {"log10", plain<std::log10>}, {"log2", plain<std::log2>},   {"rad", rad},
    {"round", round},              {"sgn", sgn},                 {"sin", plain<std::sin>},     {"sinh", plain<std::sinh>},
    {"sqrt", plain<square_root>},  {"tan", plain<std::tan>},     {"tanh", plain<std::tanh>},
};

}  // namespace

std::span<const FloatRow> math_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
