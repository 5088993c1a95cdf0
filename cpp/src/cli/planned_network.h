#pragma once
// A network with the memory plan that generated C executes, and what people need to know of it.

#include <optional>
#include <string>

#include "cli/export_formats.h"
#include "tinynas/codegen.h"

namespace tinynas {

struct PlannedNetwork {
  Network network;
  MemoryPlan plan;
  CodeLabels labels;
  std::optional<McuTarget> target;  ///< where the request names a part
};

/// Reads and plans under the default runtime. Throws BadInput and Error with kUnsupportedOperator.
PlannedNetwork plan_for_code(const ExportRequest& request);

/// Labels of the file, and accuracies from the run's result.json where the source is a run that
/// ended. Throws BadInput where that is damaged.
CodeLabels code_labels(const NetworkSource& source, const ModelLabels& model);

}  // namespace tinynas
