#include "search/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tinynas {
namespace {

constexpr Eigen::Index kFootprintFeatures = 4;

/// Squared distances of the rows of `a` and `b`.
Eigen::MatrixXd squared_distances(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  Eigen::MatrixXd squares = -2 * a * b.transpose();
  squares.colwise() += a.rowwise().squaredNorm();
  squares.rowwise() += b.rowwise().squaredNorm().transpose();
  return squares.cwiseMax(0);
}

/// The mixed kernel of products and squared distances, both per feature.
Eigen::MatrixXd mixed(const SurrogateKernel& kernel, const Eigen::MatrixXd& products,
                      const Eigen::MatrixXd& distances) {
  const double width = 2 * kernel.length * kernel.length;
  return (1 - kernel.mix) * products.array() + kernel.mix * (-distances.array() / width).exp();
}

}  // namespace

Eigen::VectorXd Surrogate::raw_features(const Candidate& candidate) const {
  Eigen::VectorXd row = center_;  // inactive genes stay at the centre
  const std::vector<Gene>& genes = space_->genes();
  Eigen::Index at = 0;
  for (std::size_t i = 0; i < genes.size(); ++i) {
    const auto choices = static_cast<Eigen::Index>(genes[i].choices.size());
    if (space_->is_active(candidate.genotype, i)) {
      row.segment(at, choices).setZero();
      row[at + candidate.genotype[i]] = 1;
      row[at + choices] = candidate.genotype[i] / static_cast<double>(choices - 1);
    }
    at += choices + 1;
  }
  const double macs = std::log1p(static_cast<double>(candidate.footprint.macs));
  row.tail<kFootprintFeatures>() << macs, macs * macs,
      std::log1p(static_cast<double>(candidate.params)),
      std::log1p(static_cast<double>(candidate.footprint.peak_sram_bytes));
  return row;
}

Eigen::MatrixXd Surrogate::features(std::span<const Candidate* const> candidates) const {
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(candidates.size()), center_.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    rows.row(static_cast<Eigen::Index>(i)) =
        (raw_features(*candidates[i]) - center_).cwiseProduct(weight_).transpose();
  }
  return rows;
}

void Surrogate::read_trials(std::span<const Trial* const> trials, RankBy rank_by) {
  Eigen::Index count = kFootprintFeatures;
  for (const Gene& gene : space_->genes()) {
    count += static_cast<Eigen::Index>(gene.choices.size()) + 1;
  }
  center_ = Eigen::VectorXd::Zero(count);
  weight_ = Eigen::VectorXd::Ones(count);
  Eigen::Index at = 0;
  for (const Gene& gene : space_->genes()) {
    const auto choices = static_cast<double>(gene.choices.size());
    const auto columns = static_cast<Eigen::Index>(gene.choices.size());
    center_.segment(at, columns).setConstant(1 / choices);
    weight_.segment(at, columns).setConstant(choices / std::sqrt(choices - 1));
    center_[at + columns] = 0.5;
    // Deviation of equally spaced positions in [0, 1].
    weight_[at + columns] = std::sqrt(12 * (choices - 1) / (choices + 1));
    at += columns + 1;
  }
  const auto n = static_cast<Eigen::Index>(trials.size());
  Eigen::MatrixXd footprints(n, kFootprintFeatures);
  targets_.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Trial& trial = *trials[static_cast<std::size_t>(i)];
    footprints.row(i) = raw_features(trial.proposal.candidate).tail<kFootprintFeatures>();
    targets_[i] = rank_value(trial.measurement, rank_by);
  }
  const Eigen::RowVectorXd means = footprints.colwise().mean();
  const Eigen::RowVectorXd deviations =
      ((footprints.rowwise() - means).colwise().squaredNorm() / static_cast<double>(n)).cwiseSqrt();
  center_.tail<kFootprintFeatures>() = means.transpose();
  for (Eigen::Index j = 0; j < kFootprintFeatures; ++j) {
    // A footprint that never varied says nothing.
    weight_[at + j] = deviations[j] > 1e-9 ? 1 / deviations[j] : 0;
  }
  targets_.array() -= targets_.mean();
  const double deviation = std::sqrt(targets_.squaredNorm() / static_cast<double>(n));
  if (deviation > 0) targets_ /= deviation;
  std::vector<const Candidate*> candidates;
  for (const Trial* trial : trials) candidates.push_back(&trial->proposal.candidate);
  inputs_ = features(candidates);
}

Eigen::MatrixXd Surrogate::kernel_between(const Eigen::MatrixXd& a,
                                          const Eigen::MatrixXd& b) const {
  const auto width = static_cast<double>(center_.size());
  return mixed(kernel_, a * b.transpose() / width, squared_distances(a, b) / width);
}

SurrogateKernel Surrogate::fit_kernel(const SearchSpace& space,
                                      std::span<const Trial* const> trials, RankBy rank_by) {
  const Surrogate data(space, trials, rank_by);
  const auto width = static_cast<double>(data.center_.size());
  const Eigen::MatrixXd products = data.inputs_ * data.inputs_.transpose() / width;
  const Eigen::MatrixXd distances = squared_distances(data.inputs_, data.inputs_) / width;
  const auto n = static_cast<double>(trials.size());
  SurrogateKernel best;
  double best_likelihood = -std::numeric_limits<double>::infinity();
  for (const double mix : {0.0, 0.3, 0.7, 1.0}) {
    for (const double length : {0.5, 1.0, 2.0, 4.0}) {
      if (mix == 0 && length != 1) continue;  // the linear kernel has no length
      const Eigen::MatrixXd between = mixed({mix, length, 0}, products, distances);
      for (const double noise : {0.003, 0.01, 0.03, 0.1, 0.3, 1.0}) {
        Eigen::MatrixXd noisy = between;
        noisy.diagonal().array() += noise;
        const Eigen::LLT<Eigen::MatrixXd> factor(noisy);
        if (factor.info() != Eigen::Success) continue;
        // The best scale of the prior is known in closed form.
        const double scale = data.targets_.dot(factor.solve(data.targets_)) / n;
        const double log_determinant = 2 * factor.matrixLLT().diagonal().array().log().sum();
        const double likelihood = -(n * std::log(std::max(scale, 1e-300)) + log_determinant);
        if (likelihood > best_likelihood) {
          best_likelihood = likelihood;
          best = {mix, length, noise};
        }
      }
    }
  }
  return best;
}

Surrogate::Surrogate(const SearchSpace& space, std::span<const Trial* const> trials, RankBy rank_by,
                     const SurrogateKernel& kernel)
    : Surrogate(space, trials, rank_by) {
  kernel_ = kernel;
  const Eigen::MatrixXd between = kernel_between(inputs_, inputs_);
  Eigen::MatrixXd noisy = between;
  noisy.diagonal().array() += kernel_.noise;
  factor_.compute(noisy);
  solved_ = factor_.solve(targets_);
  scale_ = targets_.dot(solved_) / static_cast<double>(trials.size());
  trial_means_ = between * solved_;
}

SurrogatePosterior Surrogate::predict(std::span<const Candidate* const> candidates) const {
  const Eigen::MatrixXd inputs = features(candidates);
  const Eigen::MatrixXd known = kernel_between(inputs_, inputs);
  const Eigen::MatrixXd half = factor_.matrixL().solve(known);
  return {known.transpose() * solved_,
          scale_ * (kernel_between(inputs, inputs) - half.transpose() * half)};
}

}  // namespace tinynas
