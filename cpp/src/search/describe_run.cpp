#include "base/json_io.h"
#include "tinynas/search.h"
#include "tinynas/version.h"

namespace tinynas {
namespace {

Json fidelity_json(const Fidelity& fidelity) {
  return {{"split", split_name(fidelity.split)},
          {"images", fidelity.images},
          {"recalibration_images", fidelity.recalibration_images}};
}

Json options_json(const SearchOptions& options) {
  const EvolutionOptions& evolution = options.evolution;
  Json document = {{"engine", options.engine == SearchEngine::kEvolution ? "evolution" : "random"},
                   {"seed", evolution.seed},
                   {"measurements", evolution.measurements},
                   {"generation", evolution.generation},
                   {"rank_by", evolution.rank_by == RankBy::kScore ? "score" : "accuracy"}};
  if (options.engine == SearchEngine::kEvolution) {
    document.update({{"population", evolution.population},
                     {"parents", evolution.parents},
                     {"mutation_share", evolution.mutation_share},
                     {"mutation_probability", evolution.mutation_probability},
                     {"informed_start", evolution.informed_start},
                     {"children_per_measurement", evolution.children_per_measurement},
                     {"attempts", evolution.attempts}});
  }
  document.update({{"batch", options.batch},
                   {"ranking", fidelity_json(options.ranking)},
                   {"final", fidelity_json(options.final)},
                   {"finalists", options.finalists},
                   {"measure_largest", options.measure_largest},
                   {"measure_test", options.measure_test},
                   {"int8", options.int8}});
  return document;
}

Json fields_json(const RunFields& fields) {
  Json document = Json::object();
  for (const auto& [name, value] : fields) document[name] = value;
  return document;
}

}  // namespace

std::string describe_run(const SearchOptions& options, const SearchProblem& problem,
                         const RunFields& identity, const RunFields& environment) {
  const RuntimeModel& runtime = problem.runtime;
  Json run = {
      {"version", version()},
      {"search", options_json(options)},
      {"mcu",
       {{"name", problem.budget.name},
        {"sram_budget_bytes", problem.budget.sram_bytes},
        {"flash_budget_bytes", problem.budget.flash_bytes}}},
      {"space", {{"name", problem.space.name()}, {"hash", problem.space.hash()}}},
      {"runtime",
       {{"name", runtime.name}, {"core", runtime.core}, {"code_bytes", runtime.code_bytes}}},
      {"input", input_mode_name(problem.input)},
      {"depthwise_rows", depthwise_rows_name(problem.depthwise_rows)},
      {"evaluator", fields_json(identity)}};
  if (problem.budget.latency_ms && runtime.latency) {
    run["mcu"]["latency_budget_ms"] = *problem.budget.latency_ms;
    run["latency"] = {{"cpi_low", runtime.latency->cpi_low},
                      {"cpi_high", runtime.latency->cpi_high},
                      {"cycles_per_weight_byte", runtime.latency->cycles_per_weight_byte},
                      {"clock_hz", runtime.latency->clock_hz}};
  }
  const Json document = {{"run", run}, {"environment", fields_json(environment)}};
  return document.dump(2) + "\n";
}

}  // namespace tinynas
