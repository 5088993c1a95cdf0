#pragma once
// The options of the chosen engine by name, in one place: for run.json and for Python.

#include "tinynas/engines.h"

namespace tinynas {

/// Calls visit(name, value) with each option of options.engine; `Options` is EngineOptions, const
/// or not, and values are int or double.
template <typename Options, typename Visit>
void visit_engine_options(Options& options, Visit visit) {
  switch (options.engine) {
    case SearchEngine::kTinynas:
      visit("design", options.surrogate.design);
      visit("generation", options.surrogate.generation);
      visit("parents", options.surrogate.parents);
      visit("children", options.surrogate.children);
      visit("mutation_share", options.surrogate.mutation_share);
      visit("mutation_probability", options.surrogate.mutation_probability);
      break;
    case SearchEngine::kEvolution:
      visit("population", options.evolution.population);
      visit("generation", options.evolution.generation);
      visit("parents", options.evolution.parents);
      visit("mutation_share", options.evolution.mutation_share);
      visit("mutation_probability", options.evolution.mutation_probability);
      break;
    case SearchEngine::kRegularized:
      visit("population", options.regularized.population);
      visit("sample", options.regularized.sample);
      visit("generation", options.regularized.generation);
      visit("mutation_probability", options.regularized.mutation_probability);
      break;
    case SearchEngine::kNsga2:
      visit("population", options.nsga2.population);
      visit("mutation_probability", options.nsga2.mutation_probability);
      break;
    case SearchEngine::kRandom:
      visit("generation", options.random.generation);
      break;
  }
}

}  // namespace tinynas
