// A space with frozen genes visits exactly the networks that have the frozen choices.

#include <algorithm>

#include "catch.h"
#include "errors.h"
#include "random_space.h"

namespace tinynas {
namespace {

/// A few genes of `space` with a choice each.
std::vector<std::pair<std::string, double>> draw_choices(const SearchSpace& space, Rng& rng) {
  std::vector<std::pair<std::string, double>> choices;
  for (const Gene& gene : space.genes()) {
    if (!rng.chance(0.3)) continue;
    const auto choice = rng.below(static_cast<std::uint32_t>(gene.choices.size()));
    choices.emplace_back(gene.name, gene.choices[choice]);
  }
  return choices;
}

/// Canonical genotypes of all raw ones that have the choices.
testing::GenotypeSet brute_networks(const SearchSpace& space, const SearchSpace& frozen) {
  testing::GenotypeSet found;
  space.enumerate([&](const Genotype& genotype) { found.insert(frozen.held(genotype)); });
  return found;
}

TEST_CASE("enumeration, cardinality and moves of a frozen space agree with brute force") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Rng rng(seed, 12);
    const SearchSpace space = testing::random_space(rng, 3000);
    const SearchSpace frozen = space.frozen(draw_choices(space, rng));
    INFO("seed " << seed << "\n" << space.toml_text());
    const testing::GenotypeSet expected = brute_networks(space, frozen);
    std::vector<Genotype> visited;
    frozen.enumerate([&](const Genotype& genotype) { visited.push_back(genotype); });
    REQUIRE(std::is_sorted(visited.begin(), visited.end()));
    REQUIRE(testing::GenotypeSet(visited.begin(), visited.end()) == expected);
    REQUIRE(visited.size() == expected.size());
    REQUIRE(frozen.cardinality() == static_cast<double>(expected.size()));
    REQUIRE(expected.count(frozen.smallest()) == 1);
    REQUIRE(expected.count(frozen.largest()) == 1);
    REQUIRE(frozen.hash() == space.hash());
    for (int i = 0; i < 20; ++i) {
      const Genotype a = frozen.sample(rng), stranger = space.sample(rng);
      REQUIRE(expected.count(a) == 1);
      REQUIRE(frozen.id(stranger) == space.id(stranger));
      const Genotype mutant = frozen.mutate(i % 2 == 0 ? a : stranger, 0.2, rng);
      REQUIRE(expected.count(mutant) == 1);
      if (i % 2 == 0) REQUIRE((mutant != a) == (expected.size() > 1));
      REQUIRE(expected.count(frozen.crossover(a, stranger, rng)) == 1);
      for (const Genotype& neighbour : frozen.neighbours(a)) {
        REQUIRE(neighbour != a);
        REQUIRE(expected.count(neighbour) == 1);
      }
    }
  }
}

TEST_CASE("frozen genes are named one by one or by a pattern") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const SearchSpace frozen = space.frozen({{"stage*.block*.kernel", 5}, {"resolution", 28}});
  Rng rng(1);
  for (int i = 0; i < 20; ++i) {
    const Subnet subnet = frozen.decode(frozen.sample(rng));
    CHECK(subnet.resolution == 28);
    for (const Block& block : subnet.blocks) CHECK(block.kernel == 5);
  }
  CHECK(frozen.cardinality() < space.cardinality());
  CHECK(testing::bad_input([&] {
          space.frozen({{"stage2.deph", 2}});
        }) == "'stage2.deph' is no gene of space 'fashion-mnist' (did you mean 'stage2.depth'?)");
  CHECK(testing::bad_input([&] {
          space.frozen({{"resolution", 29}});
        }) == "resolution=29: choices are 20, 24, 28");
}

}  // namespace
}  // namespace tinynas
