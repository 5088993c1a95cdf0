#pragma once
// The engines of a search, by name: each is a SearchAlgorithm of its own. `tinynas` is ours, the
// others are what it is measured against.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

enum class SearchEngine : std::uint8_t { kTinynas, kEvolution, kRegularized, kNsga2, kRandom };
const char* engine_name(SearchEngine engine);
/// Throws BadInput naming `what`, the names that there are, and the nearest.
SearchEngine parse_engine(const std::string& name, const std::string& what);
std::vector<std::string> engine_names();

/// Surrogate-assisted: design points spread over the networks that fit, then a Gaussian process of
/// what was measured chooses among many children that fit, by expected improvement.
struct SurrogateOptions {
  int design = 24;     ///< networks measured before the model is asked; a third of all at most
  int generation = 8;  ///< networks measured between two fits of the model
  int parents = 10;    ///< the best by the model's mean, from which children come
  int children = 128;  ///< drawn a generation; each fits; neighbours of the best come on top
  double mutation_share = 0.5;
  double mutation_probability = 0.1;
};

/// The loop of MCUNet's second stage (Lin et al., NeurIPS 2020, section 3.1; from Once-for-all):
/// random networks, the best as parents, half mutations, half crossovers, drawn until they fit;
/// ranked by measured accuracy. Differs in that no network is measured twice.
struct EvolutionOptions {
  int population = 100;
  int generation = 100;
  int parents = 20;
  double mutation_share = 0.5;
  double mutation_probability = 0.1;
};

/// Aging evolution (Real et al., "Regularized evolution for image classifier architecture search",
/// AAAI 2019): the best of a few drawn members has a child, the oldest member dies.
struct RegularizedOptions {
  int population = 32;
  int sample = 8;      ///< members that are drawn, of which the best is the parent
  int generation = 4;  ///< children under way at once
  double mutation_probability = 0.1;
};

/// Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002: accuracy
/// against peak SRAM, flash and, where it is predicted, latency.
struct Nsga2Options {
  int population = 32;
  double mutation_probability = 0.1;
};

/// Networks drawn by SearchSpace::sample until they fit: what any search has to beat.
struct RandomOptions {
  int generation = 8;
};

struct EngineOptions {
  SearchEngine engine = SearchEngine::kTinynas;
  std::uint64_t seed = 0;
  /// Distinct networks measured. 0.35 to 0.65 core-seconds each: the default keeps a search on two
  /// cores below a minute.
  int measurements = 120;
  RankBy rank_by = RankBy::kScore;
  int attempts = 200;  ///< draws for one network, before other ways are tried
  /// Measured before anything else, where they fit and keep what is frozen.
  std::vector<Genotype> include;
  SurrogateOptions surrogate;
  EvolutionOptions evolution;
  RegularizedOptions regularized;
  Nsga2Options nsga2;
  RandomOptions random;

  /// The evolution engine with MCUNet's 3,100 measurements, ranked by accuracy.
  static EngineOptions published(std::uint64_t seed);
};

/// Throws BadInput for options out of range.
std::unique_ptr<SearchAlgorithm> make_search(const SearchProblem& problem,
                                             const EngineOptions& options);

}  // namespace tinynas
