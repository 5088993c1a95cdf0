#pragma once
// The formats of `tinynas export`: one file each, one table of all.

#include <string>
#include <vector>

#include "cli/mcu_options.h"
#include "cli/network_source.h"
#include "tinynas/progress.h"

namespace tinynas {

/// What is to be written.
struct ExportRequest {
  NetworkSource network;
  std::string out;                      ///< file or folder, as the format has it
  std::string input = "resident";       ///< --input, of formats that hold a memory plan
  bool layer_by_layer = false;          ///< of formats that hold a memory plan
  std::string depthwise_rows = "int8";  ///< --depthwise-rows, likewise
  McuOptions mcu;                       ///< of formats that hold a memory plan
  StopFn stop;                          ///< may be empty; for formats that run other programs
};

struct ExportFormat {
  const char* name;
  const char* target;  ///< what --out names: "FILE.onnx", "DIR"
  const char* help;    ///< half a line
  bool holds_plan;     ///< whether --mcu, --input and --depthwise-rows mean anything to it
  /// Writes all of it or nothing; returns what was written, in a line. Throws Error.
  std::string (*write)(const ExportRequest& request);
};

/// In the order of the help.
const std::vector<ExportFormat>& export_formats();

/// Throws BadInput with the nearest name.
const ExportFormat& find_export_format(const std::string& name);

/// `request` in the format `name`: checks what the format does not take, then writes.
std::string export_network(const std::string& name, const ExportRequest& request);

std::string export_tflite(const ExportRequest& request);
std::string export_onnx(const ExportRequest& request);
std::string export_torch(const ExportRequest& request);
std::string export_c(const ExportRequest& request);
std::string export_arduino(const ExportRequest& request);
std::string export_project(const ExportRequest& request);

}  // namespace tinynas
