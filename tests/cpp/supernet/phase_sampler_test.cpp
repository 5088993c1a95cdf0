#include "supernet/phase_sampler.h"

#include <set>

#include "catch.h"
#include "tiny_supernet.h"

namespace tinynas {
namespace {

std::vector<Subnet> flat(const std::vector<std::vector<Subnet>>& drawn) {
  std::vector<Subnet> list;
  for (const std::vector<Subnet>& candidates : drawn) {
    REQUIRE(candidates.size() == 1);
    list.push_back(candidates.front());
  }
  return list;
}

TEST_CASE("a phase draws from what it leaves elastic") {
  const SearchSpace space = testing::tiny_space();
  TrainingPhase phase;
  phase.largest = true;
  phase.smallest = true;
  phase.random_subnets = 3;
  phase.elastic = {{"kernel", 1}, {"depth", TrainingPhase::kAllChoices}};
  const std::function<bool(const Subnet&)> all;
  const PhaseSampler sampler(space, phase, false, all);
  const Subnet largest = space.decode(space.largest());
  std::set<int> kernels, depths;
  for (std::uint64_t step = 0; step < 40; ++step) {
    Rng rng(1, step);
    const std::vector<Subnet> drawn = flat(sampler.draw(rng));
    REQUIRE(drawn.size() == 5);
    CHECK(drawn[0] == largest);
    CHECK(drawn[1].blocks.size() == 2);
    CHECK(drawn[1].blocks[1].kernel == 5);  // one below the greatest
    for (const Subnet& subnet : drawn) {
      CHECK(subnet.resolution == largest.resolution);
      CHECK(subnet.stem_channels == largest.stem_channels);
      depths.insert(static_cast<int>(subnet.blocks.size()));
      for (const Block& block : subnet.blocks) {
        if (block.stage != 1) continue;
        kernels.insert(block.kernel);
        CHECK(block.expand_ratio == 4);
      }
    }
  }
  CHECK(kernels == std::set<int>{5, 7});
  CHECK(depths == std::set<int>{2, 3, 4});
}

TEST_CASE("one resolution a step is every subnet's") {
  const SearchSpace space = testing::tiny_space();
  TrainingPhase phase;
  phase.random_subnets = 2;
  phase.elastic = {{"resolution", TrainingPhase::kAllChoices}};
  const std::function<bool(const Subnet&)> all;
  const PhaseSampler sampler(space, phase, true, all);
  std::set<int> resolutions;
  for (std::uint64_t step = 0; step < 30; ++step) {
    Rng rng(1, step);
    const std::vector<Subnet> drawn = flat(sampler.draw(rng));
    for (const Subnet& subnet : drawn) CHECK(subnet.resolution == drawn[0].resolution);
    resolutions.insert(drawn[0].resolution);
  }
  CHECK(resolutions == std::set<int>{8, 12});
}

TEST_CASE("the ends of a space are drawn at every resolution") {
  const SearchSpace space = testing::tiny_space();
  TrainingPhase phase;
  phase.largest_resized = phase.smallest_resized = true;
  for (const char* axis : {"resolution", "width", "depth", "kernel", "expand"})
    phase.elastic[axis] = TrainingPhase::kAllChoices;
  const std::function<bool(const Subnet&)> all;
  const PhaseSampler sampler(space, phase, false, all);
  Subnet largest = space.decode(space.largest()), smallest = space.decode(space.smallest());
  std::set<std::pair<int, int>> resolutions;
  for (std::uint64_t step = 0; step < 30; ++step) {
    Rng rng(1, step);
    const std::vector<Subnet> drawn = flat(sampler.draw(rng));
    REQUIRE(drawn.size() == 3);
    CHECK(drawn[0] == space.decode(space.largest()));
    largest.resolution = drawn[1].resolution;
    smallest.resolution = drawn[2].resolution;
    CHECK(drawn[1] == largest);
    CHECK(drawn[2] == smallest);
    resolutions.emplace(drawn[1].resolution, drawn[2].resolution);
  }
  CHECK(resolutions.size() == 4);
}

TEST_CASE("a phase with every axis elastic draws as the space does") {
  const SearchSpace space = testing::tiny_space();
  TrainingPhase phase;
  phase.largest = false;
  phase.random_subnets = 1;
  for (const char* axis : {"resolution", "width", "depth", "kernel", "expand"})
    phase.elastic[axis] = TrainingPhase::kAllChoices;
  const std::function<bool(const Subnet&)> all;
  const PhaseSampler sampler(space, phase, false, all);
  for (std::uint64_t step = 0; step < 20; ++step) {
    Rng ours(1, step), theirs(1, step);
    CHECK(sampler.draw(ours).front().front() == space.decode(space.sample(theirs)));
  }
}

}  // namespace
}  // namespace tinynas
