#ifdef TINYNAS_WITH_TORCH

#include "cli/supernet_job.h"

#include <cstdio>

#include "cli/data_options.h"
#include "cli/text_table.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

std::string typed_command(const SupernetRequest& request, const TrainOptions& options) {
  std::string text = "tinynas train --space " + request.space + " --recipe " + options.recipe;
  auto add = [&](const std::string& flag, const std::string& value) {
    if (!value.empty()) text += " " + flag + " " + value;
  };
  add("--data", request.data);
  if (request.skip_bad_files) text += " --skip-bad-files";
  add("--out", request.out);
  text += request.typed.text();
  add("--mcu", request.mcu.mcu);
  add("--sram", request.mcu.sram);
  add("--flash", request.mcu.flash);
  add("--reserve-sram", request.mcu.reserve_sram);
  add("--reserve-flash", request.mcu.reserve_flash);
  return text;
}

void train_what_fits(const McuOptions& mcu, TrainOptions& options) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, mcu);
  const McuTarget target = resolve_mcu(mcu, runtime);
  options.accepts = [runtime, budget = target.budget](const Subnet& subnet) {
    PlanOptions how;
    how.sram_budget_bytes = budget.sram_bytes;
    return violation(plan_memory(lower(subnet), runtime, how).footprint(), budget).fits();
  };
  options.accepts_what = "fit " + target.mcu.name + " (" +
                         std::to_string(target.budget.sram_bytes) + " bytes of SRAM, " +
                         std::to_string(target.budget.flash_bytes) + " of flash)";
}

/// "6: largest 1, sandwich 5".
std::string epochs_text(const TrainOptions& options) {
  std::string text = typed_number(total_epochs(options));
  const char* before = ": ";
  for (const TrainingPhase& phase : options.phases) {
    text += before + phase.name + " " + typed_number(phase.epochs);
    before = ", ";
  }
  return text;
}

std::string report(const TrainingForecast& found, const TrainOptions& options) {
  char subnets[32], hours[32];
  std::snprintf(subnets, sizeof subnets, "%.3g", found.subnets);
  std::snprintf(hours, sizeof hours, "%.2f", found.seconds / 3600);
  const std::string text =
      text_table({{"  parameters", format_count(found.parameters)},
                  {"  MACs of the largest", format_count(found.largest_macs)},
                  {"  MACs of the smallest", format_count(found.smallest_macs)},
                  {"  subnets", subnets},
                  {"  epochs", epochs_text(options)},
                  {"  steps", format_count(found.steps)},
                  {"  hours, without validation", hours},
                  {"  memory, host", format_bytes(found.peak_bytes)}},
                 {1});
  return "A training with recipe " + options.recipe + " (nothing is written)\n" + text;
}

}  // namespace

std::string run_supernet_job(const SupernetRequest& request, const ProgressFn& progress,
                             const StopFn& stop) {
  if (request.out.empty() && !request.dry_run)
    throw BadInput("--out is required; to train a run's winner name --finetune RUN");
  const SearchSpace space = SearchSpace::find(request.space);
  TrainOptions options = requested_recipe(request, space.name());
  request.typed.apply(options);
  if (request.typed.epochs) {
    if (!(*request.typed.epochs > 0)) throw BadInput("--epochs: must be above 0");
    scale_epochs(options, *request.typed.epochs);
  }
  if (any_mcu_option(request.mcu)) train_what_fits(request.mcu, options);
  options.out_dir = request.out;
  options.command = typed_command(request, options);
  const Dataset data = load_data_for(space, request.data, space.name(), request.skip_bad_files);
  keep_pitch(options, data);
  if (request.dry_run) return report(forecast_training(space, data, options), options);
  train_supernet(space, data, options, progress, stop);
  return options.group.leads() ? options.out_dir + "/supernet.pt\n" : "";
}

}  // namespace tinynas

#endif
