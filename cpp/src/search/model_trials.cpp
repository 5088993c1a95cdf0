#include "search/model_trials.h"

#include <algorithm>
#include <set>

namespace tinynas {

bool ModelTrials::better(Place a, Place b) const {
  const double x = rank_value(at(a).measurement, rank_by_);
  const double y = rank_value(at(b).measurement, rank_by_);
  return x != y ? x > y : a < b;
}

void ModelTrials::update() {
  for (int list = 0; list < 2; ++list) {
    for (std::size_t& seen = seen_[list]; seen < lists_[list]->size(); ++seen) {
      const Place place{list, seen};
      const auto after = std::upper_bound(best_.begin(), best_.end(), place,
                                          [&](Place a, Place b) { return better(a, b); });
      if (static_cast<std::size_t>(after - best_.begin()) == most_ / 2) continue;
      best_.insert(after, place);
      if (best_.size() > most_ / 2) best_.pop_back();
    }
  }
}

std::vector<const Trial*> ModelTrials::chosen(std::size_t most) const {
  std::set<Place> places;
  if (count() > most) {
    places.insert(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(most / 2));
  }
  for (int list = 2; list-- > 0;) {
    for (std::size_t i = seen_[list]; i-- > 0 && places.size() < most;) places.insert({list, i});
  }
  std::vector<const Trial*> trials;
  for (const Place place : places) trials.push_back(&at(place));
  return trials;
}

}  // namespace tinynas
