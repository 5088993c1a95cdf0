#include "tinynas/engines.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "search/engine_classes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr std::array kEngines = {SearchEngine::kTinynas, SearchEngine::kEvolution,
                                 SearchEngine::kRegularized, SearchEngine::kNsga2,
                                 SearchEngine::kRandom};

/// One line of what must hold, named like the option.
struct Rule {
  const char* name;
  bool holds;
  const char* need;
};

void check(const char* engine, std::initializer_list<Rule> rules) {
  for (const Rule& rule : rules) {
    if (!rule.holds)
      throw BadInput(std::string(engine) + ": " + rule.name + " must be " + rule.need);
  }
}

bool is_share(double value) { return value >= 0 && value <= 1; }

void check_options(const EngineOptions& options) {
  constexpr const char* kOne = "1 or more";
  constexpr const char* kShare = "in [0, 1]";
  // Streams of a generation are numbered with 32 bits.
  constexpr double kMostStreams = 4e9;
  const SurrogateOptions& ours = options.surrogate;
  const EvolutionOptions& evolution = options.evolution;
  const RegularizedOptions& aging = options.regularized;
  check("search", {{"measurements", options.measurements >= 1, kOne},
                   {"attempts", options.attempts >= 1, kOne}});
  check("tinynas",
        {{"design", ours.design >= 1, kOne},
         {"generation", ours.generation >= 1, kOne},
         {"parents", ours.parents >= 1, kOne},
         {"children", ours.children >= 1, kOne},
         {"children x attempts",
          static_cast<double>(ours.children) * options.attempts < kMostStreams, "below 4e9"},
         {"mutation_share", is_share(ours.mutation_share), kShare},
         {"mutation_probability", is_share(ours.mutation_probability), kShare}});
  check("evolution", {{"population", evolution.population >= 1, kOne},
                      {"generation", evolution.generation >= 1, kOne},
                      {"parents", evolution.parents >= 1, kOne},
                      {"generation x attempts",
                       static_cast<double>(std::max(evolution.population, evolution.generation)) *
                               options.attempts <
                           kMostStreams,
                       "below 4e9"},
                      {"mutation_share", is_share(evolution.mutation_share), kShare},
                      {"mutation_probability", is_share(evolution.mutation_probability), kShare}});
  check("regularized", {{"population", aging.population >= 1, kOne},
                        {"sample", aging.sample >= 1, kOne},
                        {"generation", aging.generation >= 1, kOne},
                        {"mutation_probability", is_share(aging.mutation_probability), kShare}});
  check("nsga2", {{"population", options.nsga2.population >= 2, "2 or more"},
                  {"mutation_probability", is_share(options.nsga2.mutation_probability), kShare}});
  check("random", {{"generation", options.random.generation >= 1, kOne}});
}

}  // namespace

std::vector<Proposal> EngineBase::random_generation(Generation generation, bool first) {
  if (first) checker().check(checker().space().smallest());  // what "nothing fits" rests on
  generation.fill_randomly();
  if (first && generation.proposed() == 0) generation.descend();
  return generation.take();
}

const char* engine_name(SearchEngine engine) {
  switch (engine) {
    case SearchEngine::kTinynas:
      return "tinynas";
    case SearchEngine::kEvolution:
      return "evolution";
    case SearchEngine::kRegularized:
      return "regularized";
    case SearchEngine::kNsga2:
      return "nsga2";
    case SearchEngine::kRandom:
      return "random";
  }
  return "";
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const SearchEngine engine : kEngines) names.emplace_back(engine_name(engine));
  return names;
}

SearchEngine parse_engine(const std::string& name, const std::string& what) {
  std::string list;
  for (const SearchEngine engine : kEngines) {
    if (name == engine_name(engine)) return engine;
    list += (list.empty() ? "" : ", ") + std::string(engine_name(engine));
  }
  throw BadInput(what + ": '" + name + "' is not one of " + list +
                 did_you_mean(name, engine_names()));
}

EngineOptions EngineOptions::published(std::uint64_t seed) {
  EngineOptions options;
  options.engine = SearchEngine::kEvolution;
  options.seed = seed;
  options.measurements = 100 + 30 * 100;
  options.rank_by = RankBy::kAccuracy;
  return options;
}

std::unique_ptr<SearchAlgorithm> make_search(const SearchProblem& problem,
                                             const EngineOptions& options) {
  check_options(options);
  switch (options.engine) {
    case SearchEngine::kTinynas:
      return std::make_unique<SurrogateSearch>(problem, options);
    case SearchEngine::kEvolution:
      return std::make_unique<EvolutionSearch>(problem, options);
    case SearchEngine::kRegularized:
      return std::make_unique<RegularizedSearch>(problem, options);
    case SearchEngine::kNsga2:
      return std::make_unique<Nsga2Search>(problem, options);
    case SearchEngine::kRandom:
      return std::make_unique<RandomSearch>(problem, options);
  }
  throw BadInput("search: unknown engine");
}

}  // namespace tinynas
