#pragma once
// Which of a search's trials the model is fitted to. What a generation costs does not grow with the
// trials: the best are kept in order as trials come.

#include <cstddef>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

class ModelTrials {
 public:
  /// Of `known_beyond` and `trials`, both of which only grow and must outlive this. chosen() is
  /// asked for at most `most`.
  ModelTrials(const std::vector<Trial>& known_beyond, const std::vector<Trial>& trials,
              RankBy rank_by, std::size_t most)
      : lists_{&known_beyond, &trials}, rank_by_(rank_by), most_(most) {}

  /// Takes in what the lists have gained.
  void update();
  /// Trials taken in.
  std::size_t count() const { return seen_[0] + seen_[1]; }
  /// The best and the youngest, half each; all where there are no more than `most`. Known networks
  /// beyond the budget come first, then trials by number, and are older than these.
  std::vector<const Trial*> chosen(std::size_t most) const;

 private:
  struct Place {
    int list = 0;  ///< of lists_
    std::size_t index = 0;
    auto operator<=>(const Place&) const = default;
  };
  const Trial& at(Place place) const { return (*lists_[place.list])[place.index]; }
  bool better(Place a, Place b) const;

  const std::vector<Trial>* lists_[2];
  RankBy rank_by_;
  std::size_t most_;
  std::size_t seen_[2] = {0, 0};
  std::vector<Place> best_;  ///< best first, half of most_ at most
};

}  // namespace tinynas
