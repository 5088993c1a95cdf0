// Few images first: what is rejected, and what a search makes of it.

#include "search/screening.h"

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("screening promotes until it has pairs, then what may beat the best") {
  Screening screening;
  CHECK(screening.promising(-100, 0));
  for (int i = 0; i < 8; ++i) screening.learn(i, i + 0.5 + (i % 2 == 0 ? 0.1 : -0.1));
  CHECK(screening.ready());
  CHECK(screening.expected(1) == Approx(1.5));
  // Deviation sqrt(0.08 / 7 * 9 / 8) = 0.1134, times 1.895: 0.2149.
  CHECK(screening.promising(1, 1.71));
  CHECK_FALSE(screening.promising(1, 1.72));
}

TEST_CASE("screening rejects a better network once in twenty times") {
  Rng rng(3, 0);
  const auto normal = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += rng.uniform();
    return sum;
  };
  int rejected = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    Screening screening;
    for (int i = 0; i < 8; ++i) screening.learn(0, 2 + normal());
    const double many = 2 + normal();
    rejected += !screening.promising(0, many);  // just as good as the best
  }
  CHECK(rejected > kRounds / 40);
  CHECK(rejected < kRounds / 14);
}

TEST_CASE("random search that screens spends fewer images and finds about as good a network") {
  const SearchProblem problem = make_problem("fashion-mnist", 8192, 49152);
  double lost = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    SearchOptions options = small_options(seed);
    options.engine.measurements = 80;
    options.engine.engine = SearchEngine::kRandom;
    FormulaEvaluator evaluator;
    const SearchResult careful = run_search(options, problem, evaluator, nullptr, {});
    options.screening = Fidelity{64, 250, Split::kValidation};
    const SearchResult screened = run_search(options, problem, evaluator, nullptr, {});
    CHECK(careful.screened_out == 0);
    CHECK(careful.images == 80 * (128 + 1000));
    CHECK(screened.measured == 80);
    CHECK(screened.screened_out > 20);
    CHECK(screened.images == 80 * (64 + 250) + (80 - screened.screened_out) * (128 + 1000));
    CHECK(screened.images < careful.images * 3 / 4);
    const auto truth = [&](const SearchResult& result) {
      return evaluator.true_accuracy(
          problem.space.decode(result.best->proposal.candidate.genotype));
    };
    lost += truth(careful) - truth(screened);
  }
  CHECK(lost / 6 < 0.003);
}
