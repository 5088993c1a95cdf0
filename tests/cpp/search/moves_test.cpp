#include "search/moves.h"

#include "catch.h"
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
