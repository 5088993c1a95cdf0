#include "cli/planned_network.h"

#include <filesystem>

#include "base/json_io.h"
#include "cli/network_file.h"
#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

ReportedAccuracy run_accuracy(const std::string& run) {
  const std::string path = (std::filesystem::path(run) / "result.json").string();
  std::error_code error;
  ReportedAccuracy accuracy;
  if (run.empty() || !std::filesystem::is_regular_file(path, error)) return accuracy;
  const Json document = read_json_file(path);
  const Json& best = json_at(document, "best", path);
  if (!best.is_object()) return accuracy;
  const Json& measured = json_at(best, "accuracy", path);
  const auto read = [&](const char* key, std::optional<double>& to) {
    if (!json_at(measured, key, path).is_null()) to = json_number(measured, key, path);
  };
  read("validation", accuracy.validation);
  read("test", accuracy.test);
  read("validation_int8", accuracy.validation_int8);
  read("test_int8", accuracy.test_int8);
  return accuracy;
}

/// What stands in comments of C and in lines of other files.
std::string printable(std::string name) {
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < ' ' || c == '*' || c == '/') c = '_';
  }
  return name;
}

}  // namespace

CodeLabels code_labels(const NetworkSource& source, const ModelLabels& model) {
  return {printable(source.name), model, run_accuracy(source.run)};
}

PlannedNetwork plan_for_code(const ExportRequest& request) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, request.mcu);
  PlannedNetwork planned;
  PlanOptions options;
  options.input = runtime_input(runtime, request.input);
  options.layer_by_layer = request.layer_by_layer;
  options.depthwise_rows = runtime_depthwise_rows(runtime, request.depthwise_rows);
  if (any_mcu_option(request.mcu)) {
    planned.target = resolve_mcu(request.mcu, runtime);
    options.sram_budget_bytes = planned.target->budget.sram_bytes;
  }
  planned.network = read_network_file(request.network.file, "");
  planned.plan = plan_memory(planned.network.graph, runtime, options);
  planned.labels = code_labels(request.network, planned.network.labels);
  return planned;
}

}  // namespace tinynas
