// Search against random choice, paired: the same seeds, the same number of measurements, the same
// budget, the same finals.
//
//   bench_search_quality [MCU [MEASUREMENTS [SEEDS]]]      default: stm32g031k8 60 10

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "tinynas/dataset.h"
#include "tinynas/mcu.h"
#include "tinynas/search.h"
#include "tinynas/supernet.h"

using namespace tinynas;

namespace {

struct Outcome {
  double validation = 0, test = 0, score = 0;
};

Outcome run_one(SearchEngine engine, std::uint64_t seed, int measurements,
                const SearchProblem& problem, Evaluator& evaluator) {
  SearchOptions options = SearchOptions::preset_default(seed);
  options.engine.engine = engine;
  options.engine.measurements = measurements;
  options.measure_largest = false;
  const SearchResult result = run_search(options, problem, evaluator, nullptr, {});
  Outcome outcome;
  outcome.validation = 100 * result.best.value().measurement.accuracy;
  outcome.test = 100 * result.test.value().accuracy;
  double best = -1e9;
  for (const Trial& trial : result.trials) best = std::max(best, trial.measurement.score);
  outcome.score = best;
  return outcome;
}

/// Mean, deviation and t of paired differences.
void print_paired(const char* what, const std::vector<double>& differences) {
  const auto n = static_cast<double>(differences.size());
  double mean = 0, squares = 0;
  for (const double d : differences) mean += d / n;
  for (const double d : differences) squares += (d - mean) * (d - mean);
  const double deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0.0;
  const auto wins =
      std::count_if(differences.begin(), differences.end(), [](double d) { return d > 0; });
  std::printf("%-24s mean %+.3f  deviation %.3f  t %.2f  wins %d of %d\n", what, mean, deviation,
              deviation > 0 ? mean / (deviation / std::sqrt(n)) : 0.0, static_cast<int>(wins),
              static_cast<int>(n));
}

void run(const std::string& mcu, int measurements, int seeds) {
  DatasetOptions options;
  options.path = kFashionMnistPath;
  const auto data = std::make_shared<const Dataset>(load_dataset(options));
  const auto evaluator = SupernetEvaluator::load(shipped_supernet_path("fashion-mnist"), data, {});
  const SearchProblem problem{evaluator->space(), budget(find_mcu(mcu)),
                              find_runtime("tinyengine")};
  std::printf("%s: %lld bytes SRAM, %lld bytes flash; %d measurements a run\n", mcu.c_str(),
              static_cast<long long>(problem.budget.sram_bytes),
              static_cast<long long>(problem.budget.flash_bytes), measurements);
  std::printf("seed     tinynas: validation  test  score    random: validation  test  score\n");
  std::vector<double> validation, test, score;
  for (int seed = 0; seed < seeds; ++seed) {
    const Outcome ours = run_one(SearchEngine::kTinynas, seed, measurements, problem, *evaluator);
    const Outcome other = run_one(SearchEngine::kRandom, seed, measurements, problem, *evaluator);
    std::printf("%4d              %8.2f %8.2f %7.4f         %8.2f %8.2f %7.4f\n", seed,
                ours.validation, ours.test, ours.score, other.validation, other.test, other.score);
    std::fflush(stdout);
    validation.push_back(ours.validation - other.validation);
    test.push_back(ours.test - other.test);
    score.push_back(ours.score - other.score);
  }
  print_paired("validation, points", validation);
  print_paired("test, points", test);
  print_paired("best score", score);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? argv[1] : "stm32g031k8", argc > 2 ? std::stoi(argv[2]) : 60,
        argc > 3 ? std::stoi(argv[3]) : 10);
    return 0;
  } catch (const std::exception& error) {
    log_message(LogLevel::kError, error.what());
    return 2;
  }
}
