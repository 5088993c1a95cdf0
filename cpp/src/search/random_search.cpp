#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> EngineBase::random_generation(Generation generation, bool first) {
  if (first) checker().check(checker().space().smallest());  // what "nothing fits" rests on
  generation.fill_randomly();
  if (first && generation.proposed() == 0) generation.descend();
  return generation.take();
}

std::vector<Proposal> RandomSearch::next_generation(int generation, int first_trial, int most) {
  return random_generation(start(generation, first_trial, options().random.generation, most),
                           generation == 0);
}

}  // namespace tinynas
