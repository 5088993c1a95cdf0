#include "cli/export_folder.h"
#include "cli/export_formats.h"
#include "cli/network_file.h"
#include "tinynas/bytes.h"
#include "tinynas/codegen.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

std::string export_c(const ExportRequest& request) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, request.mcu);
  PlanOptions plan_options;
  plan_options.input = runtime_input(runtime, request.input);
  if (any_mcu_option(request.mcu)) {
    plan_options.sram_budget_bytes = resolve_mcu(request.mcu, runtime).budget.sram_bytes;
  }
  const Network network = read_network_file(request.network.file, "");
  const MemoryPlan plan = plan_memory(network.graph, runtime, plan_options);
  CodeLabels labels;
  labels.network = request.network.name;
  const auto files = generate_c(network.graph, plan, labels, request.network.file);
  write_export_folder(request.out, files, "tinynas_runtime.h");
  return request.out + ": " + std::to_string(files.size()) + " files, an arena of " +
         format_count(plan.peak_sram_bytes) + " bytes";
}

}  // namespace tinynas
