// What the shipped spaces need on a board. It lies here because spaces do not link the planner.

#include <algorithm>
#include <vector>

#include "catch.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

constexpr std::int64_t kKiB = 1024;

MemoryPlan plan(const SearchSpace& space, const Genotype& genotype) {
  return plan_memory(lower(space.decode(genotype)), find_runtime("tinyengine"));
}

TEST_CASE("the smallest subnets of fashion-mnist fit the smallest boards") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const MemoryPlan smallest = plan(space, space.smallest());
  CHECK(smallest.peak_sram_bytes <= 6 * kKiB);
  CHECK(smallest.flash.weight_bytes <= 10 * kKiB);
  CHECK(smallest.flash.rodata_bytes() <= 10 * kKiB);

  // Not one alone: a search that must stay there has something to choose from.
  std::size_t fitting = 0;
  for (const Genotype& neighbour : space.neighbours(space.smallest())) {
    const MemoryPlan next = plan(space, neighbour);
    fitting += next.peak_sram_bytes <= 6 * kKiB && next.flash.rodata_bytes() <= 10 * kKiB;
  }
  CHECK(fitting >= 10);
}

TEST_CASE("the largest subnet of fashion-mnist uses what bigger boards offer") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const Graph graph = lower(space.decode(space.largest()));
  const MemoryPlan largest = plan_memory(graph, find_runtime("tinyengine"));
  CHECK(largest.peak_sram_bytes > 16 * kKiB);
  CHECK(largest.flash.weight_bytes > 128 * kKiB);
  // Two cores must be able to train it.
  CHECK(graph_macs(graph) >= 5'000'000);
  CHECK(graph_macs(graph) <= 6'500'000);
  CHECK(graph_params(graph) < 180'000);
}

TEST_CASE("footprints of fashion-mnist are spread between its ends") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const MemoryPlan smallest = plan(space, space.smallest());
  const MemoryPlan largest = plan(space, space.largest());
  Rng rng(1);
  std::vector<std::int64_t> sram;
  for (int i = 0; i < 1000; ++i) {
    const MemoryPlan sample = plan(space, space.sample(rng));
    sram.push_back(sample.peak_sram_bytes);
    CHECK(sample.peak_sram_bytes >= smallest.peak_sram_bytes);
    CHECK(sample.peak_sram_bytes <= largest.peak_sram_bytes);
    CHECK(sample.flash.rodata_bytes() > smallest.flash.rodata_bytes());
    CHECK(sample.flash.rodata_bytes() < largest.flash.rodata_bytes());
  }
  std::sort(sram.begin(), sram.end());
  // Budgets of 8 to 16 KiB bind for some and not for others.
  CHECK(sram[50] < 8 * kKiB);
  CHECK(sram[950] > 14 * kKiB);
}

}  // namespace
}  // namespace tinynas
