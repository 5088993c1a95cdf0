#pragma once
// A Bayesian linear model of how good a network is, fitted to the trials so far: small enough for a
// hundred trials, exact, and the same on every run.

#include <span>
#include <vector>

#include "tinynas/evolution.h"
#include "tinynas/rng.h"

namespace tinynas {

/// Features: each gene's position among its choices, log MACs and its square, log parameters, log
/// peak SRAM; standardised over the trials. Target: normal scores of the trials' ranks, so that
/// outliers do not matter. Ridge strength by generalised cross-validation (Golub, Heath, Wahba,
/// "Generalized cross-validation", 1979).
class Surrogate {
 public:
  /// Needs two trials or more.
  Surrogate(const SearchSpace& space, std::span<const Trial> trials, RankBy rank_by);

  /// Standardised features of a candidate, for `predict`.
  std::vector<double> features(const Candidate& candidate) const;
  /// Weights drawn from the posterior (Thompson sampling: White, Neiswanger, Savani, "BANANAS",
  /// AAAI 2021, uses it to choose candidates).
  std::vector<double> sample_weights(Rng& rng) const;
  const std::vector<double>& mean_weights() const { return mean_; }
  static double predict(std::span<const double> weights, std::span<const double> features);

 private:
  std::vector<double> raw_features(const Candidate& candidate) const;

  const SearchSpace* space_;
  std::vector<double> center_, scale_;  ///< of raw features
  std::vector<double> mean_;
  std::vector<double> factor_;  ///< lower Cholesky factor of the posterior precision / noise
  double noise_ = 1;            ///< standard deviation
};

}  // namespace tinynas
