// Moves stay in the space, are canonical, reach every network, and are what the header says.

#include <algorithm>
#include <set>

#include "catch.h"
#include "random_space.h"

namespace tinynas {
namespace {

/// Networks that one raw choice away from the canonical genotype gives.
testing::GenotypeSet brute_neighbours(const SearchSpace& space, const Genotype& centre) {
  testing::GenotypeSet found;
  for (std::size_t gene = 0; gene < centre.size(); ++gene) {
    for (std::size_t choice = 0; choice < space.genes()[gene].choices.size(); ++choice) {
      Genotype other = centre;
      other[gene] = static_cast<std::uint8_t>(choice);
      found.insert(space.canonical(other));
    }
  }
  found.erase(centre);
  return found;
}

TEST_CASE("neighbours are the networks one choice away, each once") {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    Rng rng(seed, 4);
    const SearchSpace space = testing::random_space(rng, 4000);
    INFO("seed " << seed << "\n" << space.toml_text());
    for (int i = 0; i < 20; ++i) {
      const Genotype centre = space.sample(rng);
      const std::vector<Genotype> found = space.neighbours(centre);
      REQUIRE(testing::GenotypeSet(found.begin(), found.end()) == brute_neighbours(space, centre));
      REQUIRE(found.size() == brute_neighbours(space, centre).size());
    }
  }
}

TEST_CASE("steps to neighbours reach every network") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed, 5);
    const SearchSpace space = testing::random_space(rng, 2000);
    testing::GenotypeSet reached{space.smallest()};
    std::vector<Genotype> open{space.smallest()};
    while (!open.empty()) {
      const Genotype from = open.back();
      open.pop_back();
      for (const Genotype& next : space.neighbours(from)) {
        if (reached.insert(next).second) open.push_back(next);
      }
    }
    INFO("seed " << seed << "\n" << space.toml_text());
    REQUIRE(static_cast<double>(reached.size()) == space.cardinality());
  }
}

TEST_CASE("mutations and crossovers are canonical and in the space") {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    Rng rng(seed, 6);
    const SearchSpace space = testing::random_space(rng, 4000);
    INFO("seed " << seed << "\n" << space.toml_text());
    for (int i = 0; i < 50; ++i) {
      const Genotype a = space.sample(rng), b = space.sample(rng);
      const double probability = i % 3 == 0 ? 0 : i % 3 == 1 ? 0.1 : 1;
      const Genotype mutant = space.mutate(a, probability, rng);
      REQUIRE(space.canonical(mutant) == mutant);
      REQUIRE(space.encode(space.decode(mutant)) == mutant);
      REQUIRE((mutant != a) == (space.cardinality() > 1));
      // Probability 0 forces one step.
      if (probability == 0 && space.cardinality() > 1) {
        REQUIRE(brute_neighbours(space, a).count(mutant) == 1);
      }
      const Genotype child = space.crossover(a, b, rng);
      REQUIRE(space.canonical(child) == child);
      REQUIRE(space.encode(space.decode(child)) == child);
      REQUIRE(space.crossover(a, a, rng) == a);
    }
  }
}

TEST_CASE("a crossover has each block from a parent that has it") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  Rng rng(3);
  std::size_t from_a = 0, from_b = 0;
  for (int i = 0; i < 400; ++i) {
    const Genotype a = space.sample(rng), b = space.sample(rng), child = space.crossover(a, b, rng);
    for (std::size_t gene = 0; gene < child.size(); ++gene) {
      if (!space.is_active(child, gene)) continue;
      const bool in_a = space.is_active(a, gene) && child[gene] == a[gene];
      const bool in_b = space.is_active(b, gene) && child[gene] == b[gene];
      REQUIRE((in_a || in_b));
      from_a += in_a && !in_b;
      from_b += in_b && !in_a;
    }
  }
  CHECK(std::abs(static_cast<double>(from_a) - static_cast<double>(from_b)) <
        0.1 * static_cast<double>(from_a + from_b));
}

TEST_CASE("mutation changes each active gene as often as asked, to any other choice") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");  // its channels never collide
  // Lowest, middle and last choices, in stages of full depth.
  Genotype parent = space.largest();
  for (std::size_t g = 0; g < parent.size(); ++g) {
    if (!space.genes()[g].name.ends_with("depth")) parent[g] -= static_cast<std::uint8_t>(g % 2);
  }
  REQUIRE(space.canonical(parent) == parent);
  Rng rng(11);
  constexpr int kTrials = 20000;
  constexpr double kProbability = 0.3;
  std::vector<std::vector<int>> taken(parent.size());
  for (std::size_t g = 0; g < parent.size(); ++g) taken[g].resize(space.genes()[g].choices.size());
  for (int i = 0; i < kTrials; ++i) {
    const Genotype child = space.mutate(parent, kProbability, rng);
    for (std::size_t g = 0; g < parent.size(); ++g) {
      if (space.is_active(child, g)) ++taken[g][child[g]];
    }
  }
  for (std::size_t g = 0; g < parent.size(); ++g) {
    INFO(space.genes()[g].name);
    int active = 0;
    for (const int count : taken[g]) active += count;
    for (std::size_t choice = 0; choice < taken[g].size(); ++choice) {
      const double expected = choice == parent[g]
                                  ? 1 - kProbability
                                  : kProbability / (static_cast<double>(taken[g].size()) - 1);
      CHECK(taken[g][choice] / static_cast<double>(active) == Approx(expected).margin(0.02));
    }
  }
}

TEST_CASE("a mutation that adds a block draws it uniformly") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const Genotype parent = space.smallest();
  std::size_t gene = 0;
  while (space.genes()[gene].name != "stage3.block1.expand") ++gene;
  Rng rng(12);
  std::vector<int> taken(3);
  for (int i = 0; i < 20000; ++i) {
    const Genotype child = space.mutate(parent, 0.2, rng);
    if (space.is_active(child, gene)) ++taken[child[gene]];
  }
  const int woken = taken[0] + taken[1] + taken[2];
  CHECK(woken == Approx(0.2 * 20000).epsilon(0.1));
  for (const int count : taken) CHECK(count == Approx(woken / 3.0).epsilon(0.1));
}

TEST_CASE("samples are uniform over each gene's choices") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  Rng rng(5);
  std::vector<int> resolutions(3), widths(4);
  constexpr int kTrials = 12000;
  std::size_t width_gene = 0;
  while (space.genes()[width_gene].name != "stage3.width") ++width_gene;
  for (int i = 0; i < kTrials; ++i) {
    const Genotype genotype = space.sample(rng);
    ++resolutions[genotype[0]];
    ++widths[genotype[width_gene]];
  }
  for (const int count : resolutions) CHECK(count == Approx(kTrials / 3.0).epsilon(0.05));
  for (const int count : widths) CHECK(count == Approx(kTrials / 4.0).epsilon(0.05));
}

TEST_CASE("a space of one network has no moves") {
  const SearchSpace space = SearchSpace::parse(R"(
name = "one"
image_channels = 3
classes = 2
resolutions = 32
width = [0.9, 1.0] # both give 8 channels
[stem]
channels = 8
kernel = 3
stride = 2
[[stage]]
channels = 8
stride = 1
depth = 1
kernel = 3
expand = 1
)",
                                               "one.toml");
  Rng rng(1);
  CHECK(space.genes().size() == 1);
  CHECK(space.cardinality() == 1);
  CHECK(space.neighbours(space.largest()).empty());
  CHECK(space.mutate(space.smallest(), 1.0, rng) == space.smallest());
  CHECK(space.largest() == space.smallest());
}

TEST_CASE("the same stream gives the same walk") {
  const SearchSpace space = SearchSpace::find("mcunet");
  const auto walk = [&] {
    Rng rng(42, 1, 2);
    Genotype at = space.sample(rng);
    for (int i = 0; i < 50; ++i)
      at = space.crossover(space.mutate(at, 0.1, rng), space.sample(rng), rng);
    return space.id(at);
  };
  CHECK(walk() == walk());
  CHECK(walk().size() == 16);
}

}  // namespace
}  // namespace tinynas
