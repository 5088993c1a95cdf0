#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> RandomSearch::next_generation(int generation, int first_trial, int most) {
  return random_generation(start(generation, first_trial, options().random.generation, most),
                           generation == 0);
}

}  // namespace tinynas
