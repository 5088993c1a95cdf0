#include <algorithm>

#include "base/json_io.h"
#include "mcu/budget_json.h"
#include "search/candidate_json.h"
#include "tinynas/search.h"

namespace tinynas {
namespace {

/// Fields that every network has.
Json network_json(const Candidate& candidate, const SearchSpace& space) {
  const Subnet subnet = space.decode(candidate.genotype);
  Json document = candidate_json(candidate);
  document["subnet"] = parse_json(subnet_json(space, candidate.genotype), "subnet");
  document["description"] = describe(subnet);
  document["resolution"] = subnet.resolution;
  return document;
}

Json accuracy_or_null(const std::optional<Measurement>& measurement) {
  return measurement ? Json(measurement->accuracy) : Json(nullptr);
}

/// With the supernet's weights; int8 is null where it was not measured.
Json accuracy_json(const Measurement& validation, const std::optional<Measurement>& int8 = {},
                   const std::optional<Measurement>& test = {},
                   const std::optional<Measurement>& test_int8 = {}) {
  return {{"validation", validation.accuracy},
          {"validation_images", validation.images},
          {"validation_standard_error", validation.standard_error},
          {"test", accuracy_or_null(test)},
          {"validation_int8", accuracy_or_null(int8)},
          {"test_int8", accuracy_or_null(test_int8)}};
}

Json excess_json(const Violation& excess) {
  return {{"sram_bytes", excess.sram_bytes},
          {"flash_bytes", excess.flash_bytes},
          {"latency_ms", excess.latency_ms},
          {"macs", excess.macs}};
}

Json trial_json(const Trial& trial, const SearchSpace& space) {
  Json document = network_json(trial.proposal.candidate, space);
  document["trial"] = trial.proposal.trial;
  document["origin"] = origin_name(trial.proposal.origin);
  document["score"] = trial.measurement.score;
  document["accuracy"] = accuracy_json(trial.measurement, trial.int8);
  return document;
}

/// The trial as it was measured most carefully.
const Trial& best_measured(const SearchResult& result, const Trial& trial) {
  const auto finalist = std::find_if(
      result.finalists.begin(), result.finalists.end(),
      [&](const Trial& other) { return other.proposal.trial == trial.proposal.trial; });
  return finalist == result.finalists.end() ? trial : *finalist;
}

/// What came closest to the budget, and the extremes that were reached on the way.
Json smallest_json(const PlanningRecord& planning, const SearchSpace& space) {
  Json document = network_json(*planning.nearest, space);
  document["excess"] = excess_json(planning.nearest->violation);
  const auto extreme = [](const Candidate& candidate) {
    return Json{{"id", candidate.id},
                {"peak_sram_bytes", candidate.footprint.peak_sram_bytes},
                {"flash_bytes", candidate.footprint.flash_bytes}};
  };
  document["lowest_sram"] = extreme(*planning.lowest_sram);
  document["lowest_flash"] = extreme(*planning.lowest_flash);
  return document;
}

Json result_json(const SearchResult& result, const SearchProblem& problem,
                 const std::string& run_dir) {
  const SearchSpace& space = problem.space;
  Json document = {{"schema_version", 1},
                   {"seed", result.options.engine.seed},
                   {"run_dir", run_dir.empty() ? Json(nullptr) : Json(run_dir)},
                   {"interrupted", result.status == SearchStatus::kInterrupted}};
  document["mcu"] = budget_json(problem.budget);
  document["latency_source"] = problem.budget.latency_ms && problem.runtime.latency
                                   ? Json(problem.runtime.latency->source)
                                   : Json(nullptr);
  document["runtime"] = problem.runtime.name;
  document["input"] = input_mode_name(problem.input);
  document["depthwise_rows"] = depthwise_rows_name(problem.depthwise_rows);
  document["space"] = space.name();
  document["frozen"] = Json::object();
  for (const auto& [gene, choice] : space.frozen_choices()) document["frozen"][gene] = choice;
  document["planned"] = result.planning.planned;
  document["planned_that_fit"] = result.planning.feasible;
  document["measured"] = result.measured;
  document["screened_out"] = result.screened_out;
  document["images"] = result.images;
  document["known"] = result.trials.size() - static_cast<std::size_t>(result.measured);
  document["best"] = nullptr;
  if (result.best) {
    document["best"] = trial_json(*result.best, space);
    document["best"]["accuracy"] =
        accuracy_json(result.best->measurement, result.best->int8, result.test, result.test_int8);
    document["best"]["quantisation"] =
        result.quantisation.empty() ? Json(nullptr) : Json(result.quantisation);
  }
  document["largest"] = network_json(result.largest, space);
  document["largest"]["excess"] = excess_json(result.largest.violation);
  document["largest"]["accuracy"] =
      result.largest_measurement ? accuracy_json(*result.largest_measurement) : Json(nullptr);
  document["finalists"] = Json::array();
  for (const Trial& trial : result.finalists) {
    document["finalists"].push_back(trial_json(trial, space));
  }
  document["pareto"] = Json::array();
  for (const Trial& trial : result.pareto) {
    document["pareto"].push_back(trial_json(best_measured(result, trial), space));
  }
  if (result.status == SearchStatus::kNothingFits && result.planning.nearest) {
    document["smallest"] = smallest_json(result.planning, space);
  }
  return document;
}

}  // namespace

std::string search_result_json(const SearchResult& result, const SearchProblem& problem,
                               const std::string& run_dir) {
  return result_json(result, problem, run_dir).dump(2) + "\n";
}

std::string boards_result_json(std::span<const SearchResult> results,
                               std::span<const SearchProblem> problems,
                               const std::string& run_dir) {
  Json document = {{"schema_version", 1},
                   {"seed", results.front().options.engine.seed},
                   {"run_dir", run_dir.empty() ? Json(nullptr) : Json(run_dir)},
                   {"interrupted", false},
                   {"measured", 0},
                   {"boards", Json::array()}};
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string folder = RunStore::board_folder(problems[i].budget.name);
    document["boards"].push_back(
        result_json(results[i], problems[i], run_dir.empty() ? "" : run_dir + "/" + folder));
    document["measured"] = document["measured"].get<int>() + results[i].measured;
    if (results[i].status == SearchStatus::kInterrupted) document["interrupted"] = true;
  }
  return document.dump(2) + "\n";
}

}  // namespace tinynas
