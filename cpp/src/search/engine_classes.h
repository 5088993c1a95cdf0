#pragma once
// The engines as classes; one .cpp each. What they are is said in tinynas/engines.h.

#include <algorithm>
#include <vector>

#include "search/generation.h"
#include "search/model_trials.h"
#include "search/surrogate.h"
#include "tinynas/engines.h"

namespace tinynas {

/// An engine whose generations share one frame of options.
class EngineBase : public SearchAlgorithm {
 public:
  EngineBase(const SearchProblem& problem, const EngineOptions& options)
      : SearchAlgorithm(problem, options.measurements, options.rank_by, options.include),
        options_(options) {}

 protected:
  /// An empty generation of at most min(size, most) proposals.
  Generation start(int generation, int first_trial, int size, int most) {
    return {checker(),
            GenerationFrame{options_.seed, generation, first_trial,
                            static_cast<std::size_t>(std::min(size, most)), options_.attempts}};
  }
  /// What of a first population of random networks known ones leave to be drawn.
  int unknown_of(int population) const {
    return std::max(0, population - static_cast<int>(trials().size()));
  }
  /// Random networks that fit; where none does, what descending finds.
  std::vector<Proposal> random_generation(Generation generation, bool first);
  const EngineOptions& options() const { return options_; }

 private:
  EngineOptions options_;
};

class SurrogateSearch : public EngineBase {
 public:
  SurrogateSearch(const SearchProblem& problem, const EngineOptions& options);
  /// By the model's mean, which a lucky measurement sways less.
  std::vector<Trial> finalists(int count) const override;

 private:
  std::vector<Proposal> next_generation(int generation, int first_trial, int most) override;
  void refit_kernel();

  ModelTrials observed_;
  std::optional<SurrogateKernel> kernel_;
  double kernel_trials_ = 0;  ///< observed when it was fitted
  int pools_ = 0;
  std::int64_t dearest_pool_;  ///< networks looked at for one of the first
};

class EvolutionSearch : public EngineBase {
 public:
  using EngineBase::EngineBase;

 private:
  std::vector<Proposal> next_generation(int generation, int first_trial, int most) override;
  std::vector<std::size_t> parents_;  ///< the best trials, by number
  std::size_t seen_ = 0;              ///< trials that took part in a selection
};

class RegularizedSearch : public EngineBase {
 public:
  using EngineBase::EngineBase;

 private:
  std::vector<Proposal> next_generation(int generation, int first_trial, int most) override;
};

class Nsga2Search : public EngineBase {
 public:
  using EngineBase::EngineBase;

 private:
  std::vector<Proposal> next_generation(int generation, int first_trial, int most) override;
  std::vector<std::size_t> population_;  ///< trials that survived, by number
  std::size_t seen_ = 0;                 ///< trials that took part in a selection
};

class RandomSearch : public EngineBase {
 public:
  using EngineBase::EngineBase;

 private:
  std::vector<Proposal> next_generation(int generation, int first_trial, int most) override;
};

}  // namespace tinynas
