#include "support.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "base/files.h"

namespace tinynas::testing {
namespace {

/// In [-1, 1), fixed by the words.
double effect(std::uint64_t seed, std::initializer_list<int> words) {
  std::vector<int> key(words);
  const std::uint64_t hash =
      hash_bytes(key.data(), key.size() * sizeof(int), seed * 0x9e3779b9u + 1);
  Rng rng(hash);
  return 2 * rng.uniform() - 1;
}

}  // namespace

double FormulaEvaluator::true_accuracy(const Subnet& subnet) const {
  const double macs = std::log10(static_cast<double>(graph_macs(lower(subnet))));
  double value = 2.2 * (macs - 4) + 0.5 * effect(seed_, {1, subnet.resolution}) +
                 0.4 * effect(seed_, {2, subnet.stem_channels});
  int previous = subnet.stem_kernel;
  for (const Block& block : subnet.blocks) {
    const int ratio = static_cast<int>(10 * block.expand_ratio);
    value += 0.3 * effect(seed_, {3, block.stage, block.index, block.kernel}) +
             0.3 * effect(seed_, {4, block.stage, block.index, ratio}) +
             0.3 * effect(seed_, {5, block.stage, block.out_channels}) +
             0.2 * effect(seed_, {6, block.stage, previous, block.kernel});
    previous = block.kernel;
  }
  return 0.95 - 0.6 * std::exp(-0.35 * value);
}

Measurement FormulaEvaluator::measure(const Subnet& subnet, const Fidelity& fidelity) const {
  const std::string text = describe(subnet);
  const double truth = true_accuracy(subnet);
  Measurement result;
  result.images = fidelity.images == 0 ? 5000 : fidelity.images;
  result.standard_error = std::sqrt(truth * (1 - truth) / result.images);
  Rng rng(hash_bytes(text.data(), text.size(), seed_),
          static_cast<std::uint64_t>(fidelity.images) * 4 + static_cast<int>(fidelity.split));
  const auto noise = [&] {
    return std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.28318530718 * rng.uniform());
  };
  result.accuracy = std::clamp(truth + result.standard_error * noise(), 0.0, 1.0);
  result.score = std::log(std::max(1e-3, truth + 0.3 * result.standard_error * noise()));
  return result;
}

std::vector<Measurement> FormulaEvaluator::evaluate(std::span<const Subnet> subnets,
                                                    const Fidelity& fidelity) {
  std::vector<Measurement> results(subnets.size());
  const auto run = [&](std::size_t i) {
    if (fail_after >= 0 && calls >= fail_after) throw std::runtime_error("evaluator failed");
    ++calls;
    if (microseconds_a_subnet > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds_a_subnet));
    }
    results[i] = measure(subnets[i], fidelity);
  };
  if (threads_ == 1) {  // without TBB: a forked child has none of its workers
    for (std::size_t i = 0; i < subnets.size(); ++i) run(i);
    return results;
  }
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism,
                                            static_cast<std::size_t>(threads_));
  tbb::task_arena arena(threads_);
  arena.execute([&] { tbb::parallel_for(std::size_t{0}, subnets.size(), run); });
  return results;
}

SearchProblem make_problem(const std::string& space, std::int64_t sram_bytes,
                           std::int64_t flash_bytes) {
  return {SearchSpace::find(space), McuBudget{"test", sram_bytes, flash_bytes},
          find_runtime("tinyengine")};
}

TemporaryFolder::TemporaryFolder() {
  // In memory where there is such a folder: the tests wait for thousands of fsyncs.
  const std::filesystem::path memory = "/dev/shm";
  const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
  std::string pattern =
      ((in_memory ? memory : std::filesystem::temp_directory_path()) / "tinynas-search-XXXXXX")
          .string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error(std::strerror(errno));
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::map<std::string, std::string> contents(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = std::filesystem::relative(entry.path(), directory).string();
    if (entry.is_regular_file() && name != "timings.jsonl") files[name] = read_file(entry.path());
  }
  return files;
}

RunStore::FaultFn fault_before(int step) {
  return [left = step](const std::string& name) mutable {
    if (left-- == 0) throw std::runtime_error("injected before " + name);
  };
}

SearchOptions small_options(std::uint64_t seed) {
  SearchOptions options = SearchOptions::preset_default(seed);
  options.engine.measurements = 40;
  options.engine.surrogate.design = 12;
  options.engine.surrogate.children = 64;
  return options;
}

void drive(SearchAlgorithm& algorithm, Evaluator& evaluator, int step) {
  while (!algorithm.done()) {
    const std::vector<Proposal> proposals = algorithm.ask(step);
    if (proposals.empty()) break;
    std::vector<Subnet> subnets;
    for (const Proposal& proposal : proposals) {
      subnets.push_back(algorithm.problem().space.decode(proposal.candidate.genotype));
    }
    const auto measurements = evaluator.evaluate(subnets, Fidelity{});
    std::vector<TrialResult> results;
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      results.push_back({proposals[i].trial, measurements[i]});
    }
    algorithm.tell(results);
  }
}

std::string trace(const std::vector<Trial>& trials) {
  std::string text;
  for (const Trial& trial : trials) text += trial.proposal.candidate.id + " ";
  return text;
}

}  // namespace tinynas::testing
