// SPDX-License-Identifier: Apache-2.0
// Kahan: a sum with Neumaier's compensation, step for step as Prometheus adds. Mean: an average that survives a sum that
// does not fit a double.
#pragma once

#include <cmath>

namespace tocsin::rules::promql {

struct Kahan {
  double sum = 0, lost = 0;

  void add(double value) noexcept {
    const double total = sum + value;
    if (std::isinf(total)) lost = 0;
    else if (std::abs(sum) >= std::abs(value)) lost += (sum - total) + value;
    else lost += (value - total) + sum;
    sum = total;
  }
};

class Mean {
 public:
  void add(double value) noexcept {
    ++count_;
    if (count_ == 1) {
      total_.sum = value;
      return;
    }
    if (!incremental_) {
      Kahan next = total_;
      next.add(value);
      if (!std::isinf(next.sum)) {
        total_ = next;
        return;
      }
      // Over the largest double: from here on the mean itself is carried along.
      incremental_ = true;
      mean_ = {total_.sum / (count_ - 1), total_.lost / (count_ - 1)};
    }
    const double weight = (count_ - 1) / count_;
    mean_ = {weight * mean_.sum, weight * mean_.lost};
    mean_.add(value / count_);
  }
  double value() const noexcept {
    return incremental_ ? mean_.sum + mean_.lost : total_.sum / count_ + total_.lost / count_;
  }

 private:
  double count_ = 0;
  Kahan total_, mean_;
  bool incremental_ = false;
};

}  // namespace tocsin::rules::promql
