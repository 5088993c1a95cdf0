#include "cli/search_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/percent.h"
#include "cli/need_text.h"
#include "cli/text_table.h"
#include "tinyengine/plan_report.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

/// Rows of the table of runners-up.
constexpr std::size_t kRunnersUp = 8;

constexpr std::size_t kNameWidth = 14;

std::string line(const std::string& name, const std::string& value) {
  const std::string begin = "  " + name;
  return begin + std::string(begin.size() < kNameWidth ? kNameWidth - begin.size() : 1, ' ') +
         value + "\n";
}

/// "" where nothing is predicted.
std::string latency_line(const MemoryPlan& plan) {
  return plan.latency_ms ? line("latency", latency_text(plan, kNameWidth)) : "";
}

std::string budget_text(const SearchProblem& problem, const McuTarget& target) {
  const Reserves& reserves = target.reserves;
  const McuBudget& budget = problem.budget;
  std::string flash = format_bytes(budget.flash_bytes);
  if (reserves.application_flash_bytes > 0) {
    flash += " (" + format_bytes(budget.flash_bytes + reserves.application_flash_bytes) + " less " +
             format_bytes(reserves.application_flash_bytes) + " for the application)";
  }
  return "Budget of " + budget.name + ", runtime " + problem.runtime.name + "\n" +
         line("SRAM", format_bytes(budget.sram_bytes) + " (" +
                          format_bytes(budget.sram_bytes + reserves.sram_bytes()) +
                          " in one run, less reserves: stack " +
                          format_bytes(reserves.stack_bytes) + ", runtime " +
                          format_bytes(reserves.runtime_bytes) + ", application " +
                          format_bytes(reserves.application_bytes) + ")") +
         line("flash", flash) +
         (budget.latency_ms ? line("latency", format_ms(*budget.latency_ms) + " at most") : "") +
         (budget.macs ? line("MACs", format_count(*budget.macs) + " at most") : "");
}

std::string effort_text(const SearchResult& result, double seconds) {
  char time[32];
  std::snprintf(time, sizeof time, "%.1f s", seconds);
  return "Planned " + format_count(result.planning.planned) + " networks (" +
         format_count(result.planning.feasible) + " fit), measured " +
         format_count(result.measured) +
         (result.screened_out > 0
              ? " (" + format_count(result.screened_out) + " on few images only)"
              : "") +
         ", in " + time + "\n";
}

std::string accuracy_text(const Measurement& validation, const std::optional<Measurement>& test) {
  std::string text = percent_text(validation.accuracy, 2) + " on " +
                     format_count(validation.images) + " validation images";
  if (test) {
    text += ", " + percent_text(test->accuracy, 2) + " on " + format_count(test->images) +
            " test images";
  }
  return text;
}

/// Float and int8 apart; all with the supernet's weights.
std::string accuracy_lines(const SearchResult& result) {
  const Trial& best = *result.best;
  std::string text =
      line("accuracy", accuracy_text(best.measurement, result.test) + " (float, supernet weights)");
  if (best.int8) {
    text += line("int8", accuracy_text(*best.int8, result.test_int8) + " (int8, supernet weights)");
  }
  return text;
}

std::string winner_text(const SearchResult& result, const SearchProblem& problem,
                        const McuTarget& target) {
  const Trial& best = *result.best;
  const Candidate& candidate = best.proposal.candidate;
  const Subnet subnet = problem.space.decode(candidate.genotype);
  const MemoryPlan plan = plan_memory(lower(subnet), problem.runtime, problem.report_options());
  const FlashBreakdown& flash = plan.flash;
  return "Winner " + candidate.id + "\n" + accuracy_lines(result) +
         line("SRAM", format_bytes(plan.peak_sram_bytes) + " of " +
                          format_bytes(problem.budget.sram_bytes) + ": activations " +
                          format_bytes(plan.activation_bytes) + " + scratch " +
                          format_bytes(plan.scratch_bytes) + "; reserved beside it " +
                          format_bytes(target.reserves.sram_bytes())) +
         line("flash",
              format_bytes(flash.total_bytes()) + " of " +
                  format_bytes(problem.budget.flash_bytes) + ": weights " +
                  format_bytes(flash.weight_bytes) + " + bias " + format_bytes(flash.bias_bytes) +
                  " + requantisation " + format_bytes(flash.quantisation_bytes) +
                  " + descriptors " + format_bytes(flash.descriptor_bytes) + " + code " +
                  format_bytes(flash.code_bytes) + (flash.code_is_estimate ? " (estimate)" : "")) +
         latency_line(plan) + line("MACs", format_count(candidate.footprint.macs)) +
         line("parameters", format_count(candidate.params)) +
         line("resolution", std::to_string(subnet.resolution) + " px") +
         line("blocks", describe(subnet));
}

/// "61 % of 24.3 KiB"
std::string share_text(std::int64_t part, std::int64_t whole) {
  const double share =
      whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
  return std::to_string(std::lround(share)) + " %";
}

std::string given_up_text(const SearchResult& result) {
  const Candidate& best = result.best->proposal.candidate;
  const Candidate& largest = result.largest;
  if (best.id == largest.id) {
    return "Given up to fit: nothing, the winner is the largest network of the space\n";
  }
  const std::string head = largest.violation.fits()
                               ? "The budget does not bind: the largest network of the space fits"
                               : "Given up to fit, against the largest network of the space";
  std::string accuracy;
  if (result.largest_measurement) {
    const double points =
        100 * (result.best->measurement.accuracy - result.largest_measurement->accuracy);
    char text[96];
    std::snprintf(text, sizeof text, "%.2f %%, the winner has %+.2f points",
                  100 * result.largest_measurement->accuracy, points);
    accuracy = line("accuracy", std::string(text) + " (validation)");
  }
  const auto need = [](std::int64_t bytes, std::int64_t excess, std::int64_t winner) {
    return format_bytes(bytes) + ", " + over_text(excess) + "; the winner needs " +
           share_text(winner, bytes);
  };
  return head + "\n" + accuracy +
         line("SRAM", need(largest.footprint.peak_sram_bytes, largest.violation.sram_bytes,
                           best.footprint.peak_sram_bytes)) +
         line("flash", need(largest.footprint.flash_bytes, largest.violation.flash_bytes,
                            best.footprint.flash_bytes)) +
         line("MACs", format_count(largest.footprint.macs) + "; the winner needs " +
                          share_text(best.footprint.macs, largest.footprint.macs));
}

const Trial& best_measured(const SearchResult& result, const Trial& trial) {
  for (const Trial& finalist : result.finalists) {
    if (finalist.proposal.trial == trial.proposal.trial) return finalist;
  }
  return trial;
}

/// Rows spread evenly over the front, without the winner.
std::string runners_up_text(const SearchResult& result, const SearchProblem& problem) {
  std::vector<const Trial*> others;
  for (const Trial& trial : result.pareto) {
    if (trial.proposal.trial != result.best->proposal.trial) {
      others.push_back(&best_measured(result, trial));
    }
  }
  if (others.empty()) return "";
  std::vector<std::vector<std::string>> rows = {
      {"  network", "accuracy", "images", "SRAM", "flash", "MACs", "parameters", "px"}};
  const std::size_t shown = std::min(kRunnersUp, others.size());
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t place = shown < 2 ? 0 : k * (others.size() - 1) / (shown - 1);
    const Trial& trial = *others[place];
    const Candidate& candidate = trial.proposal.candidate;
    rows.push_back({"  " + candidate.id, percent_text(trial.measurement.accuracy, 2),
                    format_count(trial.measurement.images),
                    format_bytes(candidate.footprint.peak_sram_bytes),
                    format_bytes(candidate.footprint.flash_bytes),
                    format_count(candidate.footprint.macs), format_count(candidate.params),
                    std::to_string(problem.space.decode(candidate.genotype).resolution)});
  }
  return "\nRunners-up on the Pareto front of score, SRAM and flash (" + std::to_string(shown) +
         " of " + std::to_string(others.size()) + ", validation accuracy)\n" +
         text_table(rows, {1, 2, 3, 4, 5, 6, 7});
}

std::string nothing_fits_text(const SearchResult& result, const SearchProblem& problem) {
  const PlanningRecord& record = result.planning;
  const Candidate& nearest = *record.nearest;
  const Subnet subnet = problem.space.decode(nearest.genotype);
  return "Nothing of space '" + problem.space.name() + "' fits " + problem.budget.name + "\n" +
         line("nearest", need_text(nearest)) + line("", describe(subnet)) +
         line("least SRAM", need_text(*record.lowest_sram)) +
         line("least flash", need_text(*record.lowest_flash)) +
         "Choose a larger part or another space" + relief_text(nearest.violation) + ".\n";
}

}  // namespace

std::string search_report(const SearchResult& result, const SearchProblem& problem,
                          const McuTarget& target, const std::string& run_dir, double seconds) {
  std::string text = budget_text(problem, target) + effort_text(result, seconds) + "\n";
  if (result.status == SearchStatus::kNothingFits) {
    text += nothing_fits_text(result, problem);
  } else if (result.best) {
    text += winner_text(result, problem, target) + "\n" + given_up_text(result) +
            runners_up_text(result, problem);
  }
  if (run_dir.empty()) return text;
  text += "\nRun directory: " + run_dir + "\n";
  if (std::filesystem::exists(run_dir + "/best/finetuned.json"))
    text += "Its best/ holds the winner as fine-tuned since (best/finetuned.json)\n";
  return text;
}

}  // namespace tinynas
