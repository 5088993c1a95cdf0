#include "search/screening.h"

#include <cmath>

namespace tinynas {

void Screening::learn(double few, double many) {
  ++pairs_;
  const double difference = many - few;
  const double before = difference - mean_;
  mean_ += before / static_cast<double>(pairs_);
  squares_ += before * (difference - mean_);
}

bool Screening::promising(double few, double incumbent) const {
  if (!ready()) return true;
  // Student's 95 % quantile for 7 degrees of freedom or more; more pairs make it a little cautious.
  constexpr double kQuantile = 1.895;
  const auto n = static_cast<double>(pairs_);
  const double deviation = std::sqrt(squares_ / (n - 1) * (1 + 1 / n));
  return expected(few) + kQuantile * deviation >= incumbent;
}

}  // namespace tinynas
