#include "base/json_io.h"
#include "search/engine_fields.h"
#include "tinynas/search.h"
#include "tinynas/version.h"

namespace tinynas {
namespace {

Json fidelity_json(const Fidelity& fidelity) {
  return {{"split", split_name(fidelity.split)},
          {"images", fidelity.images},
          {"recalibration_images", fidelity.recalibration_images}};
}

/// What the chosen engine is told; the options of others play no part.
Json engine_json(const EngineOptions& options) {
  Json document = Json::object();
  visit_engine_options(options,
                       [&](const char* name, const auto& value) { document[name] = value; });
  return document;
}

Json options_json(const SearchOptions& options) {
  const EngineOptions& engine = options.engine;
  Json document = {{"engine", engine_name(engine.engine)},
                   {"seed", engine.seed},
                   {"measurements", engine.measurements},
                   {"rank_by", engine.rank_by == RankBy::kScore ? "score" : "accuracy"},
                   {"attempts", engine.attempts},
                   {engine_name(engine.engine), engine_json(engine)},
                   {"batch", options.batch},
                   {"ranking", fidelity_json(options.ranking)},
                   {"final", fidelity_json(options.final)},
                   {"finalists", options.finalists},
                   {"measure_largest", options.measure_largest},
                   {"measure_test", options.measure_test},
                   {"int8", options.int8}};
  if (options.screening) document["screening"] = fidelity_json(*options.screening);
  if (options.patience > 0) document["patience"] = options.patience;
  if (options.minutes > 0) document["minutes"] = options.minutes;
  return document;
}

Json fields_json(const RunFields& fields) {
  Json document = Json::object();
  for (const auto& [name, value] : fields) document[name] = value;
  return document;
}

/// What a board has for itself.
Json board_json(const SearchProblem& problem) {
  const RuntimeModel& runtime = problem.runtime;
  Json board = {
      {"mcu",
       {{"name", problem.budget.name},
        {"sram_budget_bytes", problem.budget.sram_bytes},
        {"flash_budget_bytes", problem.budget.flash_bytes}}},
      {"runtime",
       {{"name", runtime.name}, {"core", runtime.core}, {"code_bytes", runtime.code_bytes}}}};
  // Absent where they are not asked for, so that earlier runs can be resumed.
  if (problem.budget.macs) board["mcu"]["macs_budget"] = *problem.budget.macs;
  if (problem.budget.latency_ms && runtime.latency) {
    board["mcu"]["latency_budget_ms"] = *problem.budget.latency_ms;
    board["latency"] = {{"cpi_low", runtime.latency->cpi_low},
                        {"cpi_high", runtime.latency->cpi_high},
                        {"cycles_per_weight_byte", runtime.latency->cycles_per_weight_byte},
                        {"clock_hz", runtime.latency->clock_hz}};
  }
  return board;
}

}  // namespace

std::string describe_run(const SearchOptions& options, std::span<const SearchProblem> problems,
                         const RunFields& identity, const RunFields& environment) {
  const SearchProblem& first = problems.front();
  Json run = {{"version", version()},
              {"search", options_json(options)},
              {"space", {{"name", first.space.name()}, {"hash", first.space.hash()}}},
              {"input", input_mode_name(first.input)},
              {"depthwise_rows", depthwise_rows_name(first.depthwise_rows)},
              {"evaluator", fields_json(identity)}};
  for (const auto& [gene, choice] : first.space.frozen_choices()) {
    run["space"]["frozen"][gene] = choice;
  }
  for (const Genotype& genotype : options.engine.include) {
    run["search"]["include"].push_back(first.space.id(genotype));
  }
  if (problems.size() == 1) {
    run.update(board_json(first));
  } else {
    for (const SearchProblem& problem : problems) run["boards"].push_back(board_json(problem));
  }
  const Json document = {{"run", run}, {"environment", fields_json(environment)}};
  return document.dump(2) + "\n";
}

}  // namespace tinynas
