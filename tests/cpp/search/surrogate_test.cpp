// The Gaussian process that chooses what is measured.

#include "search/surrogate.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "search/candidate.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

std::vector<const Trial*> pointers(const std::vector<Trial>& trials, std::size_t count) {
  std::vector<const Trial*> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(&trials[i]);
  return list;
}

/// Distinct random networks, each measured as `law` says.
template <typename Law>
std::vector<Trial> measured(CandidateChecker& checker, int count, std::uint64_t seed, Law law) {
  Rng rng(seed);
  std::vector<Trial> trials;
  while (static_cast<int>(trials.size()) < count) {
    Proposal proposal;
    proposal.trial = static_cast<int>(trials.size());
    proposal.candidate = checker.check(checker.space().sample(rng));
    if (!checker.claim(proposal.candidate.id)) continue;
    const double value = law(proposal.candidate);
    trials.push_back({proposal, {value, value, 1000, 0.01}, {}});
  }
  return trials;
}

/// Share of pairs of `others` that the model, fitted to `trials`, puts in the right order.
double pairs_in_order(const SearchSpace& space, const std::vector<Trial>& trials,
                      const std::vector<Trial>& others) {
  const auto known = pointers(trials, trials.size());
  const SurrogateKernel kernel = Surrogate::fit_kernel(space, known, RankBy::kScore);
  const Surrogate model(space, known, RankBy::kScore, kernel);
  std::vector<const Candidate*> asked;
  for (const Trial& other : others) asked.push_back(&other.proposal.candidate);
  const Eigen::VectorXd mean = model.predict(asked).mean;
  double right = 0, pairs = 0;
  for (std::size_t a = 0; a < others.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const double difference = others[a].measurement.score - others[b].measurement.score;
      if (std::abs(difference) < 1e-9) continue;
      const double predicted =
          mean[static_cast<Eigen::Index>(a)] - mean[static_cast<Eigen::Index>(b)];
      pairs += 1;
      right += (difference > 0) == (predicted > 0);
    }
  }
  return right / pairs;
}

}  // namespace

TEST_CASE("the model recovers a linear law and one with interactions") {
  const SearchProblem problem = make_problem("fashion-mnist", 1 << 20, 1 << 20);
  const auto gene = [](const Candidate& c, std::size_t i) {
    return static_cast<double>(c.genotype[i]);
  };
  const auto linear = [&](const Candidate& c) {
    return gene(c, 0) + 0.5 * gene(c, 1) - 0.7 * gene(c, 2);
  };
  const auto crossed = [&](const Candidate& c) {
    return (gene(c, 0) - 1) * (gene(c, 4) - 1) + std::abs(gene(c, 0) - 1);
  };
  CandidateChecker checker(problem);
  CHECK(pairs_in_order(problem.space, measured(checker, 120, 1, linear),
                       measured(checker, 60, 2, linear)) > 0.95);
  CHECK(pairs_in_order(problem.space, measured(checker, 160, 3, crossed),
                       measured(checker, 60, 4, crossed)) > 0.8);
}

TEST_CASE("without noise the model passes through what it was told, and is sure there") {
  const SearchProblem problem = make_problem("toy", 1 << 20, 1 << 20);
  CandidateChecker checker(problem);
  FormulaEvaluator evaluator;
  const auto trials = measured(checker, 40, 5, [&](const Candidate& c) {
    return evaluator.true_accuracy(problem.space.decode(c.genotype));
  });
  const auto known = pointers(trials, 30);
  const Surrogate model(problem.space, known, RankBy::kScore, {0.7, 1.0, 1e-6});
  std::vector<const Candidate*> seen, unseen;
  for (std::size_t i = 0; i < 30; ++i) seen.push_back(&trials[i].proposal.candidate);
  for (std::size_t i = 30; i < 40; ++i) unseen.push_back(&trials[i].proposal.candidate);
  const SurrogatePosterior there = model.predict(seen), elsewhere = model.predict(unseen);
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < 30; ++i) mean += trials[i].measurement.score / 30;
  for (std::size_t i = 0; i < 30; ++i) {
    squares += std::pow(trials[i].measurement.score - mean, 2) / 30;
  }
  for (std::size_t i = 0; i < 30; ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const double standardised = (trials[i].measurement.score - mean) / std::sqrt(squares);
    CHECK(there.mean[at] == Approx(standardised).margin(0.01));
    CHECK(model.trial_means()[at] == Approx(standardised).margin(0.01));
    CHECK(there.covariance(at, at) < 1e-3);
  }
  CHECK(elsewhere.covariance.diagonal().minCoeff() > 2e-3);
}

TEST_CASE("with more trials the model is surer") {
  const SearchProblem problem = make_problem("fashion-mnist", 1 << 20, 1 << 20);
  CandidateChecker checker(problem);
  FormulaEvaluator evaluator;
  const auto trials = measured(checker, 150, 6, [&](const Candidate& c) {
    const Subnet subnet = problem.space.decode(c.genotype);
    return evaluator.evaluate(std::span(&subnet, 1), Fidelity{}).front().score;
  });
  const Candidate largest = checker.check(problem.space.largest());
  const Candidate* asked = &largest;
  const auto variance = [&](std::size_t count) {
    const auto known = pointers(trials, count);
    const SurrogateKernel kernel = Surrogate::fit_kernel(problem.space, known, RankBy::kScore);
    return Surrogate(problem.space, known, RankBy::kScore, kernel)
        .predict(std::span(&asked, 1))
        .covariance(0, 0);
  };
  CHECK(variance(150) < variance(20));
}
