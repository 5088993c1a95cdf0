#include "search/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace tinynas {
namespace {

/// Row-major square matrix of order n, factored in place: lower triangle L with L L^T = matrix.
void cholesky(std::vector<double>& matrix, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i * n + k] * matrix[j * n + k];
      matrix[i * n + j] = i == j ? std::sqrt(sum) : sum / matrix[j * n + j];
    }
  }
}

/// Solves L x = b in place.
void solve_lower(const std::vector<double>& factor, std::size_t n, std::vector<double>& b) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= factor[i * n + k] * b[k];
    b[i] /= factor[i * n + i];
  }
}

/// Solves L^T x = b in place.
void solve_upper(const std::vector<double>& factor, std::size_t n, std::vector<double>& b) {
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= factor[k * n + i] * b[k];
    b[i] /= factor[i * n + i];
  }
}

/// Quantile of the standard normal distribution, by bisection: exact enough and portable.
double normal_quantile(double p) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const double below = 0.5 * std::erfc(-middle / std::numbers::sqrt2);
    (below < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double normal(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));
  return radius * std::cos(2 * std::numbers::pi * rng.uniform());
}

/// Van der Waerden scores: the k-th best of n gets the normal quantile of its rank.
std::vector<double> normal_scores(std::span<const Trial> trials, RankBy rank_by) {
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rank_value(trials[a].measurement, rank_by) < rank_value(trials[b].measurement, rank_by);
  });
  std::vector<double> scores(trials.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double p = (static_cast<double>(rank) + 1) / (static_cast<double>(order.size()) + 1);
    scores[order[rank]] = normal_quantile(p);
  }
  return scores;
}

}  // namespace

std::vector<double> Surrogate::raw_features(const Candidate& candidate) const {
  std::vector<double> row;
  const std::vector<Gene>& genes = space_->genes();
  row.reserve(genes.size() + 4);
  for (std::size_t i = 0; i < genes.size(); ++i) {
    const double last = static_cast<double>(std::max<std::size_t>(genes[i].choices.size(), 2) - 1);
    row.push_back(candidate.genotype[i] / last);
  }
  const double macs = std::log1p(static_cast<double>(candidate.footprint.macs));
  row.push_back(macs);
  row.push_back(macs * macs);
  row.push_back(std::log1p(static_cast<double>(candidate.params)));
  row.push_back(std::log1p(static_cast<double>(candidate.footprint.peak_sram_bytes)));
  return row;
}

std::vector<double> Surrogate::features(const Candidate& candidate) const {
  std::vector<double> row = raw_features(candidate);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = (row[j] - center_[j]) * scale_[j];
  return row;
}

Surrogate::Surrogate(const SearchSpace& space, std::span<const Trial> trials, RankBy rank_by)
    : space_(&space) {
  const std::size_t n = trials.size();
  std::vector<std::vector<double>> rows;
  for (const Trial& trial : trials) rows.push_back(raw_features(trial.proposal.candidate));
  const std::size_t d = rows.front().size();
  center_.assign(d, 0);
  scale_.assign(d, 0);
  for (std::size_t j = 0; j < d; ++j) {
    double sum = 0, squares = 0;
    for (const auto& row : rows) sum += row[j];
    center_[j] = sum / static_cast<double>(n);
    for (const auto& row : rows) squares += (row[j] - center_[j]) * (row[j] - center_[j]);
    // A feature that never varied says nothing: weight 0.
    if (squares > 1e-12) scale_[j] = std::sqrt(static_cast<double>(n) / squares);
    for (auto& row : rows) row[j] = (row[j] - center_[j]) * scale_[j];
  }
  const std::vector<double> target = normal_scores(trials, rank_by);

  std::vector<double> gram(d * d, 0), moment(d, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t a = 0; a < d; ++a) {
      moment[a] += rows[i][a] * target[i];
      for (std::size_t b = 0; b <= a; ++b) gram[a * d + b] += rows[i][a] * rows[i][b];
    }
  }
  double best_criterion = std::numeric_limits<double>::infinity();
  for (const double ridge : {1.0, 3.0, 10.0, 30.0, 100.0, 300.0}) {
    std::vector<double> factor = gram;
    for (std::size_t a = 0; a < d; ++a) factor[a * d + a] += ridge;
    cholesky(factor, d);
    std::vector<double> weights = moment;
    solve_lower(factor, d, weights);
    solve_upper(factor, d, weights);
    // Degrees of freedom: the trace of X (X^T X + ridge)^-1 X^T, one solve a row.
    double freedom = 1, residual = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double error = target[i] - predict(weights, rows[i]);
      residual += error * error;
      std::vector<double> half = rows[i];
      solve_lower(factor, d, half);
      freedom += std::inner_product(half.begin(), half.end(), half.begin(), 0.0);
    }
    const double left = std::max(static_cast<double>(n) - freedom, 0.5);
    const double criterion = residual / (left * left);
    if (criterion < best_criterion) {
      best_criterion = criterion;
      mean_ = std::move(weights);
      factor_ = std::move(factor);
      noise_ = std::sqrt(residual / left);
    }
  }
}

std::vector<double> Surrogate::sample_weights(Rng& rng) const {
  std::vector<double> weights(mean_.size());
  for (double& weight : weights) weight = normal(rng);
  solve_upper(factor_, mean_.size(), weights);
  for (std::size_t j = 0; j < weights.size(); ++j) weights[j] = mean_[j] + noise_ * weights[j];
  return weights;
}

double Surrogate::predict(std::span<const double> weights, std::span<const double> features) {
  return std::inner_product(features.begin(), features.end(), weights.begin(), 0.0);
}

}  // namespace tinynas
