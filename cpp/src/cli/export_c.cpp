// --format c and --format arduino: C in a folder.

#include "cli/export_folder.h"
#include "cli/planned_network.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

std::string written(const ExportRequest& request, std::size_t files, const MemoryPlan& plan) {
  return request.out + ": " + std::to_string(files) + " files, an arena of " +
         format_count(plan.peak_sram_bytes) + " bytes";
}

}  // namespace

std::string export_c(const ExportRequest& request) {
  const PlannedNetwork planned = plan_for_code(request);
  const auto files =
      c_library(planned.network.graph, planned.plan, planned.labels, request.network.file);
  write_export_folder(request.out, files, "tinynas_runtime.h");
  return written(request, files.size(), planned.plan);
}

std::string export_arduino(const ExportRequest& request) {
  const PlannedNetwork planned = plan_for_code(request);
  const auto files =
      arduino_library(planned.network.graph, planned.plan, planned.labels, request.network.file);
  write_export_folder(request.out, files, "src/tinynas_runtime.h");
  return written(request, files.size(), planned.plan);
}

}  // namespace tinynas
