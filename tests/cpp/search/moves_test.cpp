#include "search/moves.h"

#include "catch.h"
#include "search/surrogate.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("shrinking ends in a network that fits, or in the smallest; growing never leaves") {
  for (const char* space : {"toy", "fashion-mnist", "mcunet"}) {
    const SearchSpace all = SearchSpace::find(space);
    const RuntimeModel runtime = find_runtime("tinyengine");
    const auto need = [&](const Genotype& genotype) {
      return plan_memory(lower(all.decode(genotype)), runtime).footprint();
    };
    const Footprint least = need(all.smallest()), most = need(all.largest());
    for (const double share : {0.0, 0.02, 0.2, 0.6}) {
      const auto between = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(share * static_cast<double>(high - low));
      };
      const SearchProblem problem =
          make_problem(space, between(least.peak_sram_bytes, most.peak_sram_bytes),
                       between(least.flash_bytes, most.flash_bytes));
      CandidateChecker checker(problem);
      for (std::uint64_t i = 0; i < 20; ++i) {
        Rng rng(11, i);
        const Candidate fits = shrink_until_fits(checker, all.sample(rng), rng);
        REQUIRE(fits.violation.fits());
        const Candidate grown = grow_while_fits(checker, fits, rng);
        REQUIRE(grown.violation.fits());
        for (std::size_t gene = 0; gene < fits.genotype.size(); ++gene) {
          if (all.is_active(fits.genotype, gene)) {
            REQUIRE(grown.genotype[gene] >= fits.genotype[gene]);
          }
        }
      }
    }
  }
  const SearchProblem impossible = make_problem("toy", 1, 1);
  CandidateChecker checker(impossible);
  Rng rng(3);
  const Candidate smallest = shrink_until_fits(checker, impossible.space.largest(), rng);
  CHECK(smallest.genotype == impossible.space.smallest());
}

TEST_CASE("the model recovers a linear law and is surest where it has seen most") {
  const SearchProblem problem = make_problem("fashion-mnist", 1 << 20, 1 << 20);
  CandidateChecker checker(problem);
  Rng rng(9);
  const auto law = [](const Candidate& c) {
    return static_cast<double>(c.genotype[0]) + 0.5 * static_cast<double>(c.genotype[1]) -
           0.7 * static_cast<double>(c.genotype[2]);
  };
  std::vector<Trial> trials;
  for (int i = 0; i < 120; ++i) {
    Proposal proposal;
    proposal.trial = i;
    proposal.candidate = checker.check(problem.space.sample(rng));
    const double value = law(proposal.candidate);
    trials.push_back({proposal, {value, value, 1000, 0.01}, {}});
  }
  const Surrogate model(problem.space, trials, RankBy::kScore);
  int agreeing = 0, pairs = 0;
  for (int i = 0; i < 200; ++i) {
    const Candidate a = checker.check(problem.space.sample(rng));
    const Candidate b = checker.check(problem.space.sample(rng));
    if (std::abs(law(a) - law(b)) < 0.1) continue;
    const auto& weights = model.mean_weights();
    const double difference = Surrogate::predict(weights, model.features(a)) -
                              Surrogate::predict(weights, model.features(b));
    ++pairs;
    agreeing += (difference > 0) == (law(a) > law(b));
  }
  INFO(agreeing << " of " << pairs << " pairs in the right order");
  CHECK(agreeing > 0.95 * pairs);

  const auto spread = [&](const Surrogate& surrogate) {
    const std::vector<double> row = surrogate.features(checker.check(problem.space.largest()));
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      Rng draw(4, i);
      const double value = Surrogate::predict(surrogate.sample_weights(draw), row);
      sum += value;
      squares += value * value;
    }
    return squares / 400 - (sum / 400) * (sum / 400);
  };
  // The same law with noise: fewer trials, wider posterior.
  for (Trial& trial : trials) trial.measurement.score += 2 * rng.uniform();
  const Surrogate all(problem.space, trials, RankBy::kScore);
  const Surrogate few(problem.space, std::span(trials).first(15), RankBy::kScore);
  CHECK(spread(few) > spread(all));
}

TEST_CASE("Pareto front against brute force") {
  Rng rng(21);
  for (int round = 0; round < 200; ++round) {
    std::vector<Trial> trials(1 + rng.below(40));
    for (std::size_t i = 0; i < trials.size(); ++i) {
      Trial& trial = trials[i];
      trial.proposal.trial = static_cast<int>(i);
      trial.proposal.candidate.id = std::to_string(1000 + i);
      trial.proposal.candidate.footprint = {rng.below(6), rng.below(6), 0};
      trial.measurement.score = trial.measurement.accuracy = rng.below(6);
    }
    const auto beats = [](const Trial& a, const Trial& b) {
      const Footprint &x = a.proposal.candidate.footprint, &y = b.proposal.candidate.footprint;
      const bool no_worse = a.measurement.score >= b.measurement.score &&
                            x.peak_sram_bytes <= y.peak_sram_bytes &&
                            x.flash_bytes <= y.flash_bytes;
      const bool equal = a.measurement.score == b.measurement.score &&
                         x.peak_sram_bytes == y.peak_sram_bytes && x.flash_bytes == y.flash_bytes;
      return no_worse && (!equal || a.proposal.trial < b.proposal.trial);
    };
    std::set<int> expected, found;
    for (const Trial& trial : trials) {
      bool beaten = false;
      for (const Trial& other : trials) beaten |= &other != &trial && beats(other, trial);
      if (!beaten) expected.insert(trial.proposal.trial);
    }
    for (const Trial& trial : pareto_front(trials, RankBy::kScore)) {
      found.insert(trial.proposal.trial);
    }
    REQUIRE(found == expected);
  }
}
