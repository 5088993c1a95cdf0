// --format project: firmware for one part.

#include "cli/export_folder.h"
#include "cli/planned_network.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

void require_fit(const PlannedNetwork& planned, const std::string& file) {
  const McuBudget& budget = planned.target->budget;
  const Footprint footprint = planned.plan.footprint();
  if (violation(footprint, budget).fits()) return;
  throw Error(ExitCode::kNothingFits, file + " does not fit " + budget.name + ": it needs " +
                                          format_bytes(footprint.peak_sram_bytes) + " of " +
                                          format_bytes(budget.sram_bytes) + " SRAM and " +
                                          format_bytes(footprint.flash_bytes) + " of " +
                                          format_bytes(budget.flash_bytes) + " flash");
}

}  // namespace

std::string export_project(const ExportRequest& request) {
  if (request.mcu.mcu.empty()) throw BadInput("--format project needs --mcu, the part to link for");
  check_project_part(find_mcu(request.mcu.mcu));  // told before a flash size is asked for
  const PlannedNetwork planned = plan_for_code(request);
  const McuTarget& part = *planned.target;
  const ProjectTarget target{part.mcu, part.budget.sram_bytes + part.reserves.sram_bytes(),
                             part.budget.flash_bytes + part.reserves.application_flash_bytes,
                             part.reserves.stack_bytes};
  const auto files = board_project(planned.network.graph, planned.plan, planned.labels, target,
                                   request.network.file);
  require_fit(planned, request.network.file);
  write_export_folder(request.out, files, "model/tinynas_runtime.h");
  return request.out + ": " + std::to_string(files.size()) + " files, firmware for " +
         part.mcu.name + ": make -C " + request.out;
}

}  // namespace tinynas
