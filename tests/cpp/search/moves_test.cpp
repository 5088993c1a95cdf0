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
        const std::optional<Candidate> shrunk = shrink_until_fits(checker, all.sample(rng), rng);
        REQUIRE(shrunk);
        const Candidate& fits = *shrunk;
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
  CHECK_FALSE(shrink_until_fits(checker, impossible.space.largest(), rng));
  REQUIRE(checker.record().nearest);
  CHECK(checker.record().nearest->genotype == impossible.space.smallest());
}

TEST_CASE("what its least footprint tells off does not fit, and counts once") {
  int told_off = 0;
  for (const char* space : {"toy", "fashion-mnist", "mcunet"}) {
    for (const char* runtime : {"tinynas", "tinyengine", "tflm"}) {
      const SearchSpace all = SearchSpace::find(space);
      const RuntimeModel rules = find_runtime(runtime);
      const auto need = [&](const Genotype& genotype) {
        return plan_memory(lower(all.decode(genotype)), rules).footprint();
      };
      const Footprint lowest = need(all.smallest()), most = need(all.largest());
      // So little flash that constants alone are too much.
      SearchProblem problem =
          make_problem(space, (lowest.peak_sram_bytes + most.peak_sram_bytes) / 2,
                       lowest.flash_bytes + (most.flash_bytes - lowest.flash_bytes) / 10);
      problem.runtime = rules;
      CandidateChecker quick(problem), full(problem);
      quick.check(all.smallest());  // something that fits
      full.check(all.smallest());
      for (std::uint64_t i = 0; i < 100; ++i) {
        Rng rng(12, i);
        const Genotype genotype = all.sample(rng);
        const Graph graph = lower(all.decode(genotype));
        const Candidate planned = full.check(genotype);
        const Footprint least = least_footprint(graph, rules, problem.plan_options());
        REQUIRE(least.peak_sram_bytes <= planned.footprint.peak_sram_bytes);
        REQUIRE(least.flash_bytes <= planned.footprint.flash_bytes);
        REQUIRE(least.macs <= planned.footprint.macs);
        // Exact, but for the schedule's tables and rows that are added up as they come.
        const Footprint unpatched = plan_memory(graph, rules).footprint();
        CHECK(unpatched.flash_bytes - least.flash_bytes < 2000);
        for (const InputMode input : {InputMode::kRows, InputMode::kExternal}) {
          const PlanOptions other = {.input = input, .depthwise_rows = DepthwiseRows::kInt16};
          REQUIRE(least_footprint(graph, rules, other).flash_bytes <=
                  plan_memory(graph, rules, other).footprint().flash_bytes);
        }
        told_off += !violation(least, problem.budget).fits();
        const std::optional<Candidate> fitting = quick.fitting(genotype);
        REQUIRE(fitting.has_value() == planned.violation.fits());
        if (fitting)
          REQUIRE(fitting->footprint.peak_sram_bytes == planned.footprint.peak_sram_bytes);
        REQUIRE(quick.fitting(genotype).has_value() == fitting.has_value());
      }
      CHECK(quick.record().planned == full.record().planned);
      CHECK(quick.record().feasible == full.record().feasible);
    }
  }
  CHECK(told_off > 300);  // of 900
}
