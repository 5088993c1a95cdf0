#pragma once
// A Gaussian process of how good a network is, fitted to the trials so far (Rasmussen and Williams,
// "Gaussian processes for machine learning", 2006, algorithm 2.1): exact for a few hundred trials,
// sure of what it does not know, and the same on every run.

#include <Eigen/Dense>
#include <span>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

/// Prior over functions: a linear and a squared-exponential kernel, mixed, plus noise; all in units
/// of the targets' variance.
struct SurrogateKernel {
  double mix = 0.5;    ///< share of the squared-exponential kernel
  double length = 1;   ///< its length, in standard deviations of a feature
  double noise = 0.1;  ///< variance of what measuring adds
};

/// What the model says of some candidates: joint normal distribution, in standardised targets.
struct SurrogatePosterior {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;  ///< of the networks themselves, without measuring's noise
};

/// Features: each active gene one-hot and as a position among its choices; log MACs and its square,
/// log parameters, log peak SRAM. Genes are scaled by what a uniform draw would give, so that a
/// choice never tried still counts as unknown; the rest by the trials.
class Surrogate {
 public:
  /// The kernel under which the trials (two or more) are likeliest, of a grid.
  static SurrogateKernel fit_kernel(const SearchSpace& space, std::span<const Trial* const> trials,
                                    RankBy rank_by);

  /// Needs two trials or more; time grows with the cube of their number.
  Surrogate(const SearchSpace& space, std::span<const Trial* const> trials, RankBy rank_by,
            const SurrogateKernel& kernel);

  SurrogatePosterior predict(std::span<const Candidate* const> candidates) const;
  /// Of the trials' networks themselves, in their order: what is left of them without noise.
  const Eigen::VectorXd& trial_means() const { return trial_means_; }
  double noise() const { return scale_ * kernel_.noise; }

 private:
  Eigen::MatrixXd features(std::span<const Candidate* const> candidates) const;
  Eigen::VectorXd raw_features(const Candidate& candidate) const;
  void read_trials(std::span<const Trial* const> trials, RankBy rank_by);
  Eigen::MatrixXd kernel_between(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) const;

  Surrogate(const SearchSpace& space, std::span<const Trial* const> trials, RankBy rank_by)
      : space_(&space) {
    read_trials(trials, rank_by);
  }

  const SearchSpace* space_;
  SurrogateKernel kernel_;
  Eigen::VectorXd center_, weight_;  ///< of raw features
  Eigen::MatrixXd inputs_;           ///< (trials, features)
  Eigen::VectorXd targets_;          ///< mean 0, deviation 1
  double scale_ = 1;                 ///< the prior's variance
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd solved_, trial_means_;
};

}  // namespace tinynas
