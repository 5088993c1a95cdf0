#include "cli/export_formats.h"

#include <algorithm>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {

const std::vector<ExportFormat>& export_formats() {
  static const std::vector<ExportFormat> formats = {
      {"c", "DIR", "C99 that executes its memory plan, for any Cortex-M and the host", true,
       export_c},
      {"arduino", "DIR", "the same as a library for the Arduino IDE, with a sketch", true,
       export_arduino},
      {"project", "DIR", "firmware for --mcu that `make` builds: start-up, linker script, main",
       true, export_project},
      {"tflite", "FILE.tflite", "a run's int8 model for LiteRT and TensorFlow Lite Micro", false,
       export_tflite},
      {"onnx", "FILE.onnx", "QDQ form, for onnxruntime and others (needs Python and onnx)", false,
       export_onnx},
      {"torch", "DIR", "a run's float network: a PyTorch module and its state_dict", false,
       export_torch},
  };
  return formats;
}

const ExportFormat& find_export_format(const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const ExportFormat& format : export_formats()) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
    list += (list.empty() ? "" : ", ") + names.back();
  }
  throw BadInput("--format: '" + name + "' is none of " + list + did_you_mean(name, names));
}

std::string export_network(const std::string& name, const ExportRequest& request) {
  const ExportFormat& format = find_export_format(name);
  if (!format.holds_plan && any_mcu_option(request.mcu)) {
    throw BadInput("--mcu: --format " + name + " holds no memory plan; leave it out");
  }
  if (!format.holds_plan && request.input != "resident") {
    throw BadInput("--input: --format " + name + " holds no memory plan; leave it out");
  }
  if (!format.holds_plan && request.layer_by_layer) {
    throw BadInput("--layer-by-layer: --format " + name + " holds no memory plan; leave it out");
  }
  if (!format.holds_plan && request.depthwise_rows != "int8") {
    throw BadInput("--depthwise-rows: --format " + name + " holds no memory plan; leave it out");
  }
  return format.write(request);
}

}  // namespace tinynas
