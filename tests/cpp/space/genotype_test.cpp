// Equal networks have equal genotypes and no others, against the whole raw product of random
// spaces.

#include <map>
#include <set>

#include "catch.h"
#include "errors.h"
#include "random_space.h"

namespace tinynas {
namespace {

using testing::network_key;

void check_whole_product(const SearchSpace& space) {
  std::map<std::vector<int>, Genotype> by_network;
  testing::GenotypeSet canonical;
  std::set<std::string> ids;
  std::size_t faults = 0;
  testing::for_each_raw(space, [&](const Genotype& raw) {
    const Subnet subnet = space.decode(raw);
    const Genotype genotype = space.canonical(raw);
    // Of several genotypes of one network, the canonical one is least in every gene.
    for (std::size_t i = 0; i < raw.size(); ++i) faults += genotype[i] > raw[i];
    faults += space.canonical(genotype) != genotype;
    faults += !(space.decode(genotype) == subnet);
    faults += space.encode(subnet) != genotype;
    const auto [at, fresh] = by_network.emplace(network_key(subnet), genotype);
    faults += at->second != genotype;
    if (fresh) faults += !canonical.insert(genotype).second;
    if (fresh) faults += !ids.insert(space.id(raw)).second;
  });
  REQUIRE(faults == 0);
  REQUIRE(space.cardinality() == static_cast<double>(by_network.size()));

  std::vector<Genotype> enumerated;
  space.enumerate([&](const Genotype& genotype) { enumerated.push_back(genotype); });
  REQUIRE(enumerated == std::vector<Genotype>(canonical.begin(), canonical.end()));
}

TEST_CASE("canonical genotypes are the networks of a space, one to one") {
  std::size_t collided = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng(seed, 1);
    const SearchSpace space = testing::random_space(rng, 4000);
    INFO("seed " << seed << "\n" << space.toml_text());
    check_whole_product(space);
    collided += space.cardinality() < testing::raw_product(space);
  }
  CHECK(collided > 100);  // otherwise the spaces are too easy
}

TEST_CASE("canonical genotypes, larger random spaces", "[.nightly]") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed, 2);
    const SearchSpace space = testing::random_space(rng, 60000);
    INFO("seed " << seed << "\n" << space.toml_text());
    check_whole_product(space);
  }
}

TEST_CASE("the toy space has as many networks as it says") {
  check_whole_product(SearchSpace::find("toy"));
}

TEST_CASE("the largest network is at least as large as every other in each dimension") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed, 3);
    const SearchSpace space = testing::random_space(rng, 4000);
    const Subnet largest = space.decode(space.largest());
    INFO("seed " << seed << "\n" << space.toml_text());
    std::map<std::pair<int, int>, Block> blocks;
    for (const Block& block : largest.blocks) blocks[{block.stage, block.index}] = block;
    std::size_t larger = 0;
    testing::for_each_raw(space, [&](const Genotype& raw) {
      const Subnet subnet = space.decode(raw);
      larger += subnet.resolution > largest.resolution;
      larger += subnet.stem_channels > largest.stem_channels;
      larger += subnet.head_channels > largest.head_channels;
      const int features =
          subnet.head_channels > 0 ? subnet.head_channels : subnet.blocks.back().out_channels;
      larger += features > (largest.head_channels > 0 ? largest.head_channels
                                                      : largest.blocks.back().out_channels);
      for (const Block& block : subnet.blocks) {
        const auto at = blocks.find({block.stage, block.index});
        REQUIRE(at != blocks.end());
        const Block& has = at->second;
        larger += block.kernel > has.kernel || block.in_channels > has.in_channels ||
                  block.mid_channels > has.mid_channels || block.out_channels > has.out_channels;
        larger +=
            block.stride != has.stride || (block.expand_ratio == 1) != (has.expand_ratio == 1);
      }
    });
    REQUIRE(larger == 0);
  }
}

TEST_CASE("round trips in spaces too large to enumerate") {
  for (const char* name : {"fashion-mnist", "mcunet", "mobilenetv2", "proxyless"}) {
    const SearchSpace space = SearchSpace::find(name);
    Rng rng(7);
    std::map<std::vector<int>, Genotype> by_network;
    for (int i = 0; i < 3000; ++i) {
      const Genotype genotype = space.sample(rng);
      const Subnet subnet = space.decode(genotype);
      REQUIRE(space.canonical(genotype) == genotype);
      REQUIRE(space.encode(subnet) == genotype);
      const auto at = by_network.emplace(network_key(subnet), genotype).first;
      REQUIRE(at->second == genotype);
    }
  }
}

TEST_CASE("encode names what is not in the space") {
  const SearchSpace space = SearchSpace::find("fashion-mnist");
  const auto message = [&](const std::function<void(Subnet&)>& change) {
    Subnet subnet = space.decode(space.largest());
    change(subnet);
    return testing::bad_input([&] { space.encode(subnet); });
  };
  using testing::contains;
  CHECK(message([](Subnet&) {}) == "no error");
  CHECK(
      contains(message([](Subnet& s) { s.resolution = 26; }), "resolution is 26, choices are 20"));
  CHECK(contains(message([](Subnet& s) { s.stem_channels = 12; }), "stem.channels is 12"));
  CHECK(contains(message([](Subnet& s) { s.blocks[3].kernel = 9; }), "stage2.block0.kernel is 9"));
  CHECK(contains(message([](Subnet& s) { s.blocks[3].mid_channels = 100; }),
                 "stage2.block0.mid_channels is 100, choices are 48, 64, 96"));
  CHECK(contains(message([](Subnet& s) { s.blocks[3].stride = 1; }), "stage2.block0.stride is 1"));
  CHECK(contains(message([](Subnet& s) { s.blocks[2].residual = false; }),
                 "stage1.block1 lacks its shortcut"));
  CHECK(contains(message([](Subnet& s) {
                   s.blocks.pop_back();
                   s.blocks.pop_back();
                 }),
                 "stage3.depth is 0"));
  // Stages keep channel orders of their own, so none begins with a shortcut.
  CHECK(contains(message([](Subnet& s) { s.blocks[1].residual = true; }),
                 "stage1.block0 cannot have a shortcut"));
  CHECK(contains(message([](Subnet& s) { s.head_channels = 64; }), "head.channels is 64"));
  CHECK(contains(message([](Subnet& s) { s.classes = 11; }), "classes is 11"));
  CHECK(contains(message([](Subnet& s) { s.blocks[0].stage = 9; }), "stage 9"));
  CHECK(
      contains(message([](Subnet& s) { std::swap(s.blocks[1], s.blocks[2]); }), "order of blocks"));
  CHECK(contains(message([](Subnet& s) { s.blocks[2].out_channels = 12; }), "channels is"));
}

TEST_CASE("a genotype of another space is refused") {
  const SearchSpace space = SearchSpace::find("toy");
  CHECK(testing::contains(testing::bad_input([&] { space.decode(Genotype(3, 0)); }), "3 genes"));
  Genotype genotype = space.smallest();
  genotype[0] = 200;
  CHECK(testing::contains(testing::bad_input([&] { space.canonical(genotype); }),
                          "gene 'resolution' of space 'toy' has 2 choices, not choice 200"));
}

}  // namespace
}  // namespace tinynas
