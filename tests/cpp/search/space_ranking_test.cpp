// Space optimisation: the criterion, what it counts, and what it must never do.

#include "tinynas/space_ranking.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <bit>

#include "catch.h"
#include "errors.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;

namespace {

/// The mean of the largest over all subsets of `best_of` of the values.
double mean_best(const std::vector<std::int64_t>& values, int best_of) {
  double sum = 0, subsets = 0;
  for (unsigned chosen = 1; chosen < 1u << values.size(); ++chosen) {
    if (std::popcount(chosen) != best_of) continue;
    std::int64_t best = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if ((chosen >> i & 1) != 0) best = std::max(best, values[i]);
    }
    sum += static_cast<double>(best);
    ++subsets;
  }
  return sum / subsets;
}

RankingTarget target(const char* runtime, std::int64_t sram_bytes, std::int64_t flash_bytes) {
  return {find_runtime(runtime), {"part", sram_bytes, flash_bytes}};
}

RankingOptions small_options() {
  RankingOptions options;
  options.networks = 60;
  options.best_of = 20;
  return options;
}

void check_equal(const SpaceRanking& a, const SpaceRanking& b) {
  REQUIRE(a.cells.size() == b.cells.size());
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    INFO(a.cells[i].space.name());
    CHECK(a.cells[i].space.name() == b.cells[i].space.name());
    CHECK(a.cells[i].fitting_macs == b.cells[i].fitting_macs);
    CHECK(a.cells[i].expected_best_macs == b.cells[i].expected_best_macs);
    CHECK(a.cells[i].median_sram_bytes == b.cells[i].median_sram_bytes);
    CHECK(a.cells[i].median_flash_bytes == b.cells[i].median_flash_bytes);
    REQUIRE(a.cells[i].nearest.has_value() == b.cells[i].nearest.has_value());
    if (a.cells[i].nearest) CHECK(a.cells[i].nearest->id == b.cells[i].nearest->id);
  }
}

/// Cells of mcunet with two classes, budgets near what their networks need, some of them patched.
void check_budgets(int rounds, int networks, std::uint64_t seed) {
  const SearchSpace space = SearchSpace::find("mcunet").with_classes(2);
  Rng rng(seed);
  int fitted = 0;
  for (int round = 0; round < rounds; ++round) {
    const int resolution = 48 + 16 * static_cast<int>(rng.below(4));
    const SearchSpace cell = space.cell(resolution, 0.2 + 0.1 * rng.below(6));
    std::int64_t sram = 3 * resolution * resolution + rng.below(resolution * resolution);
    std::int64_t flash = 100'000 + rng.below(500'000);
    std::vector<RankingTarget> targets;
    for (int i = 0; i < 6; ++i) {
      targets.push_back(target("tinynas", sram, flash));
      if (!rng.chance(0.3)) sram += rng.below(1500);
      if (!rng.chance(0.3)) flash += rng.below(1500);
    }
    RankingOptions options;
    options.widths = {1};
    options.networks = networks;
    const auto rankings = rank_cells(cell, targets, options);
    for (std::size_t i = 1; i < targets.size(); ++i) {
      const RankedCell& less = rankings[i - 1].cells.front();
      const RankedCell& more = rankings[i].cells.front();
      fitted += static_cast<int>(more.fitting_macs.size());
      CHECK(less.fitting_macs.size() <= more.fitting_macs.size());
      for (const int best_of : {1, 10, networks}) {
        CHECK(expected_best(less.fitting_macs, networks, best_of) <=
              expected_best(more.fitting_macs, networks, best_of));
      }
    }
  }
  CHECK(fitted > rounds);
}

}  // namespace

TEST_CASE("the expected best is the mean over all subsets") {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> values(1 + rng.below(9));
    for (std::int64_t& value : values) value = rng.chance(0.4) ? 0 : 1 + rng.below(50);
    std::sort(values.begin(), values.end());
    std::vector<std::int64_t> positive = values;
    std::erase(positive, 0);
    const auto size = static_cast<int>(values.size());
    for (int best_of = 1; best_of <= size; ++best_of) {
      CHECK(expected_best(positive, size, best_of) == Approx(mean_best(values, best_of)));
    }
  }
}

TEST_CASE("the expected best of a thousand: its ends, and what independent draws reach") {
  std::vector<std::int64_t> positive;
  for (int i = 1; i <= 300; ++i) positive.push_back(1000 * i);
  CHECK(expected_best({}, 1000, 100) == 0);
  CHECK(expected_best(positive, 1000, 1) == Approx(1000.0 * 300 * 301 / 2 / 1000));
  CHECK(expected_best(positive, 1000, 1000) == Approx(300'000));
  Rng rng(2);
  double sum = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::int64_t best = 0;
    for (int i = 0; i < 20; ++i) {
      const std::uint32_t drawn = rng.below(1000);
      if (drawn < positive.size()) best = std::max(best, positive[drawn]);
    }
    sum += static_cast<double>(best);
  }
  CHECK(expected_best(positive, 1000, 20) == Approx(sum / kRounds).epsilon(0.02));
}

TEST_CASE("mean and quantiles are those of the networks that fit") {
  RankedCell cell{SearchSpace::find("toy"), 1, 20, 10, {}, 0, 0, 0, {}};
  CHECK(cell.mean_macs() == 0);
  CHECK(cell.macs_quantile(0.8) == 0);
  for (int i = 1; i <= 20; ++i) cell.fitting_macs.push_back(i);
  CHECK(cell.mean_macs() == 10.5);
  CHECK(cell.macs_quantile(0.8) == 16);
  CHECK(cell.macs_quantile(0.55) == 11);
  CHECK(cell.macs_quantile(0.56) == 12);
  CHECK(cell.macs_quantile(0.001) == 1);
  CHECK(cell.macs_quantile(1) == 20);
}

TEST_CASE("figures are those of plans made one by one, without bounds") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  for (const char* runtime : {"tinynas", "tinyengine", "tflm"}) {
    INFO(runtime);
    const RankingTarget part = target(runtime, 16 * 1024, 128 * 1024);
    RankingOptions options = small_options();
    options.widths = {0.6, 1};
    options.seed = 5;
    const SpaceRanking ranking = rank_cells(space, {&part, 1}, options).front();
    for (const RankedCell& cell : ranking.cells) {
      std::vector<std::int64_t> macs, sram;
      std::optional<std::pair<double, std::string>> nearest;
      for (std::uint32_t i = 0; i < 60; ++i) {
        const std::string& hash = cell.space.hash();
        Rng rng(5, hash_bytes(hash.data(), hash.size()), i);
        const Genotype genotype = cell.space.sample(rng);
        PlanOptions plan_options;
        plan_options.sram_budget_bytes = part.budget.sram_bytes;
        const MemoryPlan plan =
            plan_memory(lower(cell.space.decode(genotype)), part.runtime, plan_options);
        const Violation over = violation(plan.footprint(), part.budget);
        if (over.fits()) {
          macs.push_back(plan.macs - plan.extra_macs);
          sram.push_back(plan.peak_sram_bytes);
        } else if (!nearest || over.relative < nearest->first) {
          nearest = {over.relative, cell.space.id(genotype)};
        }
      }
      std::sort(macs.begin(), macs.end());
      std::sort(sram.begin(), sram.end());
      CHECK(cell.fitting_macs == macs);
      CHECK(cell.share() == static_cast<double>(macs.size()) / 60);
      REQUIRE(cell.nearest.has_value() == macs.empty());
      if (macs.empty()) {
        CHECK(cell.nearest->id == nearest->second);
        CHECK(cell.nearest->violation.relative == nearest->first);
      } else {
        CHECK(cell.median_sram_bytes == sram[(sram.size() - 1) / 2]);
        CHECK(cell.expected_best_macs == Approx(expected_best(macs, 60, 20)));
      }
    }
  }
}

TEST_CASE("a larger budget never ranks a cell lower") { check_budgets(6, 100, 1); }

TEST_CASE("a larger budget never ranks a cell lower, thousands of times", "[.nightly]") {
  check_budgets(300, 300, 2);
}

TEST_CASE("patches whose tables flash has no room for give way to others") {
  // Each cell of MobileNetV2 is one network.
  const SearchSpace space = SearchSpace::find("mobilenetv2").with_classes(2);
  const RuntimeModel runtime = find_runtime("tinynas");
  RankingOptions options;
  options.networks = options.best_of = 1;
  options.widths = {1};
  int inversions = 0;
  for (const double width : default_widths(space)) {
    const SearchSpace cell = space.cell(96, width);
    const Graph graph = lower(cell.decode(cell.largest()));
    std::vector<McuBudget> needs;
    for (const FrontPoint& point : memory_macs_front(graph, runtime)) {
      PlanOptions plan_options;
      plan_options.sram_budget_bytes = point.peak_sram_bytes;
      const MemoryPlan plan = plan_memory(graph, runtime, plan_options);
      needs.push_back({"part", plan.peak_sram_bytes, plan.flash.total_bytes()});
    }
    for (std::size_t i = 1; i < needs.size(); ++i) {
      if (needs[i].flash_bytes >= needs[i - 1].flash_bytes) continue;
      ++inversions;
      // Fits in less SRAM, so it fits in more.
      const RankingTarget part{runtime, {"part", needs[i - 1].sram_bytes, needs[i].flash_bytes}};
      const auto rankings = rank_cells(cell, {&part, 1}, options);
      CHECK(rankings.front().anything_fits());
      CHECK(rankings.front().cells.front().median_sram_bytes <= needs[i].sram_bytes);
      CHECK(rankings.front().cells.front().fitting_macs.front() == graph_macs(graph));
    }
  }
  CHECK(inversions > 0);
}

TEST_CASE("the ranking is the same for any number of threads, and each cell for itself") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const std::vector<RankingTarget> targets = {target("tinynas", 6 * 1024, 40 * 1024),
                                              target("tflm", 40 * 1024, 512 * 1024)};
  const RankingOptions options = small_options();
  std::vector<std::vector<SpaceRanking>> results;
  const tbb::global_control many(tbb::global_control::max_allowed_parallelism, 5);
  for (const int threads : {1, 2, 5}) {
    tbb::task_arena arena(threads);
    arena.execute([&] { results.push_back(rank_cells(space, targets, options)); });
  }
  for (std::size_t t = 0; t < targets.size(); ++t) {
    check_equal(results[0][t], results[1][t]);
    check_equal(results[0][t], results[2][t]);
  }
  RankingOptions one = options;
  one.widths = {0.7};
  one.resolutions = {24};
  const SpaceRanking alone = rank_cells(space, targets, one)[1];
  const auto& cells = results[0][1].cells;
  const auto same = std::find_if(cells.begin(), cells.end(), [&](const RankedCell& cell) {
    return cell.space.name() == alone.cells.front().space.name();
  });
  REQUIRE(same != cells.end());
  CHECK(same->share() > 0);
  check_equal(alone, {targets[1], {*same}});
  RankingOptions other = one;
  other.seed = 1;
  CHECK(rank_cells(space, targets, other)[1].cells.front().fitting_macs != same->fitting_macs);
}

TEST_CASE("cells descend by the criterion that was chosen; of those without a fit the nearest") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  RankingOptions options = small_options();
  for (const RankCriterion criterion : {RankCriterion::kExpectedBest, RankCriterion::kMeanMacs}) {
    options.criterion = criterion;
    const RankingTarget part = target("tflm", 24 * 1024, 128 * 1024);
    const SpaceRanking ranking = rank_cells(space, {&part, 1}, options).front();
    CHECK(ranking.cells.size() == 27);
    for (std::size_t i = 1; i < ranking.cells.size(); ++i) {
      CHECK(ranking.cells[i - 1].value(criterion) >= ranking.cells[i].value(criterion));
    }
  }
  const RankingTarget nothing = target("tinynas", 1024, 4096);
  const SpaceRanking ranking = rank_cells(space, {&nothing, 1}, options).front();
  CHECK_FALSE(ranking.anything_fits());
  for (std::size_t i = 1; i < ranking.cells.size(); ++i) {
    REQUIRE(ranking.cells[i].nearest);
    CHECK(ranking.cells[i - 1].nearest->violation.relative <=
          ranking.cells[i].nearest->violation.relative);
  }
}

TEST_CASE("options that make no sense are refused by name") {
  const SearchSpace space = SearchSpace::find("toy");
  const RankingTarget part = target("tinynas", 64 * 1024, 64 * 1024);
  const auto message = [&](auto change) {
    RankingOptions options;
    change(options);
    return bad_input([&] { rank_cells(space, {&part, 1}, options); });
  };
  CHECK(contains(message([](RankingOptions& o) { o.networks = 0; }), "networks"));
  CHECK(contains(message([](RankingOptions& o) { o.best_of = 1001; }), "best_of"));
  CHECK(contains(message([](RankingOptions& o) { o.best_of = 0; }), "best_of"));
  CHECK(contains(message([](RankingOptions& o) { o.widths = {1, 20}; }), "width 20"));
  CHECK(contains(message([](RankingOptions& o) { o.resolutions = {2}; }), "2 px"));
}
