// Which trials the model is fitted to, against sorting all of them anew.

#include "search/model_trials.h"

#include <algorithm>
#include <set>

#include "catch.h"
#include "tinynas/rng.h"

using namespace tinynas;

namespace {

Trial trial_of_score(double score) {
  Trial trial;
  trial.measurement.score = score;
  return trial;
}

/// As ModelTrials::chosen says it, by sorting.
std::vector<const Trial*> chosen_by_sorting(const std::vector<Trial>& beyond,
                                            const std::vector<Trial>& trials, std::size_t most) {
  std::vector<const Trial*> all;
  for (const Trial& trial : beyond) all.push_back(&trial);
  for (const Trial& trial : trials) all.push_back(&trial);
  if (all.size() <= most) return all;
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return all[a]->measurement.score > all[b]->measurement.score;
  });
  std::set<std::size_t> places(order.begin(),
                               order.begin() + static_cast<std::ptrdiff_t>(most / 2));
  for (std::size_t i = all.size(); i-- > 0 && places.size() < most;) places.insert(i);
  std::vector<const Trial*> chosen;
  for (const std::size_t place : places) chosen.push_back(all[place]);
  return chosen;
}

}  // namespace

TEST_CASE("the model takes the best and the youngest trials, however they came") {
  Rng rng(3);
  for (int run = 0; run < 200; ++run) {
    std::vector<Trial> beyond, trials;
    const auto most = 1 + rng.below(20);
    ModelTrials kept(beyond, trials, RankBy::kScore, most);
    const auto kinds = 1 + rng.below(40);  // few scores: many are equal
    for (int step = 0; step < 12; ++step) {
      for (std::uint32_t n = rng.below(9); n > 0; --n) {
        (rng.below(5) == 0 ? beyond : trials).push_back(trial_of_score(rng.below(kinds)));
      }
      kept.update();
      REQUIRE(kept.count() == beyond.size() + trials.size());
      for (std::size_t asked = 1; asked <= most; ++asked) {
        REQUIRE(kept.chosen(asked) == chosen_by_sorting(beyond, trials, asked));
      }
    }
  }
}
