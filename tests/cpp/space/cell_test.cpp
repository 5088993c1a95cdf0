// A cell is what is left of a space when resolution and width are fixed.

#include <set>

#include "catch.h"
#include "errors.h"
#include "random_space.h"

namespace tinynas {
namespace {

using testing::contains;

bool has_gene(const SearchSpace& space, const std::string& name) {
  for (const Gene& gene : space.genes()) {
    if (gene.name == name) return true;
  }
  return false;
}

/// Networks of the space at one resolution and one choice of the gene `width`, if it has one.
std::set<std::vector<int>> networks_at(const SearchSpace& space, int resolution, double width) {
  std::set<std::vector<int>> networks;
  space.enumerate([&](const Genotype& genotype) {
    const Subnet subnet = space.decode(genotype);
    bool chosen = subnet.resolution == resolution;
    for (std::size_t gene = 0; gene < space.genes().size(); ++gene) {
      if (space.genes()[gene].name != "width") continue;
      // Widths with the same channels count as the lowest of them.
      Genotype other = genotype;
      for (std::size_t i = 0; i < space.genes()[gene].choices.size(); ++i) {
        if (space.genes()[gene].choices[i] == width) other[gene] = static_cast<std::uint8_t>(i);
      }
      chosen = chosen && space.canonical(other)[gene] == genotype[gene];
    }
    if (chosen) networks.insert(testing::network_key(subnet));
  });
  return networks;
}

TEST_CASE("a cell of the published space has the channels of MobileNet's width multiplier") {
  const SearchSpace space = SearchSpace::find("mcunet");
  const SearchSpace cell = space.cell(144, 0.5);
  CHECK(cell.name() == "mcunet-w0.5-r144");
  CHECK_FALSE(has_gene(cell, "resolution"));
  CHECK_FALSE(has_gene(cell, "width"));
  CHECK(cell.genes().size() == space.genes().size() - 2);
  const Subnet largest = cell.decode(cell.largest());
  CHECK(largest.resolution == 144);
  CHECK(largest.classes == 1000);
  CHECK(largest.stem_channels == 16);
  CHECK(largest.head_channels == 640);
  const std::vector<int> channels = {16, 24, 40, 80, 96, 192, 320};
  for (const Block& block : largest.blocks) {
    CHECK(block.out_channels == make_divisible(0.5 * channels[block.stage], 8));
  }
  CHECK(cell.decode(cell.smallest()).head_channels == 0);
  CHECK(cell.hash() != space.cell(144, 0.6).hash());
  CHECK(cell.hash() != space.cell(160, 0.5).hash());
}

TEST_CASE("a cell reads back from its own file, with widths as people write them") {
  for (const std::string& name : SearchSpace::list_names()) {
    INFO(name);
    const SearchSpace cell = SearchSpace::find(name).cell(32, 0.1 + 0.2);
    CHECK(cell.name() == name + "-w0.3-r32");
    const SearchSpace again = SearchSpace::parse(cell.toml_text(), "cell.toml");
    CHECK(again.hash() == cell.hash());
    CHECK(again.cardinality() == cell.cardinality());
    CHECK_FALSE(contains(cell.toml_text(), "0000"));
    // What is fixed in the cell is its own: nothing is left to take the place of.
    CHECK(cell.cell(32, 1).hash() == cell.hash());
  }
}

TEST_CASE("cells of width 1 are the space's own networks, resolution by resolution") {
  Rng rng(11);
  int compared = 0;
  while (compared < 60) {
    const SearchSpace space = testing::random_space(rng, 3000);
    bool has_width_1 = true;
    for (const Gene& gene : space.genes()) {
      if (gene.name != "width") continue;
      has_width_1 = std::find(gene.choices.begin(), gene.choices.end(), 1.0) != gene.choices.end();
    }
    if (!has_width_1) continue;
    ++compared;
    const int resolution = space.decode(space.largest()).resolution;
    INFO(space.toml_text());
    const SearchSpace cell = space.cell(resolution, 1);
    CHECK(networks_at(cell, resolution, 1) == networks_at(space, resolution, 1));
  }
}

TEST_CASE("a cell that no file could hold is refused by name") {
  const SearchSpace space = SearchSpace::find("toy");
  const std::string narrow = testing::bad_input([&] { space.cell(20, 0.01); });
  CHECK(contains(narrow, "space 'toy' has no cell of width 0.01 at 20 px"));
  CHECK(contains(narrow, "width: must lie between 0.01 and 8"));
  CHECK(contains(testing::bad_input([&] { space.cell(3, 1); }), "resolutions"));
  CHECK(contains(testing::bad_input([&] { space.cell(20, 0); }), "width 0 at 20 px"));
}

}  // namespace
}  // namespace tinynas
