#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <ostream>

#include "base/files.h"
#include "base/percent.h"
#include "cli/commands.h"
#include "cli/text_table.h"
#include "mcu/budget_json.h"
#include "search/candidate_json.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/pareto.h"
#include "tinynas/run_store.h"

namespace tinynas {
namespace {

struct ParetoCommand {
  std::string run, csv;
  bool json = false;
};

/// A point of the hypervolume's growth.
struct Growth {
  std::size_t measured = 0;
  double hypervolume = 0;
};

/// After 10, 20, 40, ... measurements, and after all.
std::vector<Growth> growth_of(const std::vector<Trial>& trials, const McuBudget& budget) {
  std::vector<Growth> growth;
  for (std::size_t count = 10; count < trials.size(); count *= 2) {
    growth.push_back({count, hypervolume(std::span(trials).first(count), budget)});
  }
  growth.push_back({trials.size(), hypervolume(trials, budget)});
  return growth;
}

std::string volume(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", share);
  return text;
}

/// Milliseconds with three digits behind the point; "" where nobody asked for them.
std::string latency(const Candidate& candidate) {
  if (candidate.footprint.latency_ms <= 0) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", candidate.footprint.latency_ms);
  return text;
}

std::string csv_text(const std::vector<Trial>& front) {
  std::string text =
      "id,trial,accuracy,images,score,peak_sram_bytes,flash_bytes,latency_high_ms,macs,params\n";
  for (const Trial& trial : front) {
    const Candidate& candidate = trial.proposal.candidate;
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%.6f,%d,%.9g", trial.measurement.accuracy,
                  trial.measurement.images, trial.measurement.score);
    text += candidate.id + "," + std::to_string(trial.proposal.trial) + "," + numbers + "," +
            std::to_string(candidate.footprint.peak_sram_bytes) + "," +
            std::to_string(candidate.footprint.flash_bytes) + "," + latency(candidate) + "," +
            std::to_string(candidate.footprint.macs) + "," + std::to_string(candidate.params) +
            "\n";
  }
  return text;
}

Json document_of(const RunTrials& run, const std::vector<Trial>& front,
                 const std::vector<Growth>& growth) {
  Json document = {
      {"schema_version", 1},           {"run_dir", run.directory}, {"mcu", budget_json(run.budget)},
      {"measured", run.trials.size()}, {"pareto", Json::array()},  {"hypervolume", Json::array()}};
  for (const Trial& trial : front) {
    Json network = candidate_json(trial.proposal.candidate);
    network.update({{"trial", trial.proposal.trial},
                    {"accuracy", trial.measurement.accuracy},
                    {"images", trial.measurement.images},
                    {"score", trial.measurement.score},
                    {"genotype", trial.proposal.candidate.genotype}});
    document["pareto"].push_back(std::move(network));
  }
  for (const Growth& point : growth) {
    document["hypervolume"].push_back({{"measured", point.measured}, {"share", point.hypervolume}});
  }
  return document;
}

std::string report(const RunTrials& run, const std::vector<Trial>& front,
                   const std::vector<Growth>& growth) {
  const bool timed = run.budget.latency_ms.has_value();
  std::vector<std::vector<std::string>> rows{
      {"network", "accuracy", "SRAM", "flash", "MACs", "parameters"}};
  if (timed) rows.front().insert(rows.front().begin() + 4, "ms at most");
  for (const Trial& trial : front) {
    const Candidate& candidate = trial.proposal.candidate;
    rows.push_back({candidate.id, percent_text(trial.measurement.accuracy, 2),
                    format_bytes(candidate.footprint.peak_sram_bytes),
                    format_bytes(candidate.footprint.flash_bytes),
                    format_count(candidate.footprint.macs), format_count(candidate.params)});
    if (timed) rows.back().insert(rows.back().begin() + 4, latency(candidate));
  }
  std::string text = std::to_string(front.size()) + " of " + std::to_string(run.trials.size()) +
                     " measured networks are beaten by none in accuracy, SRAM, flash" +
                     (timed ? " and latency" : "") + " at once\n(" + run.budget.name +
                     ", accuracy on " + format_count(front.front().measurement.images) +
                     " validation images, float, supernet weights)\n\n" +
                     text_table(rows, {1, 2, 3, 4, 5, 6}) +
                     "\nHypervolume (share of accuracy x free SRAM x free flash" +
                     (timed ? " x free latency" : "") + ")\n";
  std::vector<std::vector<std::string>> volumes{{"measured", "share"}};
  for (const Growth& point : growth) {
    volumes.push_back({std::to_string(point.measured), volume(point.hypervolume)});
  }
  return text + text_table(volumes, {0, 1});
}

int pareto(CliContext& context, const ParetoCommand& command) {
  const RunTrials run = read_run_trials(command.run);
  const std::vector<Trial> front = pareto_front(run.trials, RankBy::kAccuracy);
  const std::vector<Growth> growth = growth_of(run.trials, run.budget);
  if (!command.csv.empty()) write_file_atomic(command.csv, csv_text(front));
  if (command.json) {
    print_json(context, document_of(run, front, growth));
  } else {
    context.out << report(run, front, growth);
  }
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace

void add_pareto_command(CLI::App& app, CliContext& context) {
  auto command = std::make_shared<ParetoCommand>();
  CLI::App* pareto_app = app.add_subcommand(
      "pareto", "Accuracy against SRAM, flash and latency: what a search measured");
  pareto_app->add_option("run", command->run, "Run directory, finished or not")
      ->type_name("RUN")
      ->required();
  pareto_app->add_option("--csv", command->csv, "The front as a table for other programs")
      ->type_name("FILE");
  pareto_app->add_flag("--json", command->json, "One JSON document on stdout");
  pareto_app->callback([command, &context] {
    context.command = [command, &context] { return pareto(context, *command); };
  });
}

}  // namespace tinynas
