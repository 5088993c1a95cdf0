#include <filesystem>

#include "base/child_process.h"
#include "base/files.h"
#include "cli/export_formats.h"
#include "cli/python_program.h"
#include "graph/model_metadata.h"
#include "int8/graph_json.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas {

std::string export_onnx(const ExportRequest& request) {
  const std::string& file = request.network.file;
  const std::string content = read_file(file);
  if (!is_tflite(file, content)) {
    throw BadInput(file + ": --format onnx takes a run directory or a .tflite file");
  }
  const TfliteNetwork network = parse_tflite(content, file);
  Json handover = graph_json(network.graph, request.network.name, file);
  if (const std::string labels = preprocessing_json(network.labels); !labels.empty()) {
    handover["preprocessing"] = parse_json(labels, file);
  }
  const WorkFolder folder;
  const auto place = [&](const char* name) {
    return (std::filesystem::path(folder.path()) / name).string();
  };
  write_file_atomic(place("graph.json"), handover.dump());
  run_python_program("write_onnx.py", {"graph.json", "model.onnx"}, folder.path(), "--format onnx",
                     request.stop);
  const std::string model = read_file(place("model.onnx"));
  write_file_atomic(request.out, model);
  return request.out + ": " + format_count(static_cast<std::int64_t>(model.size())) + " bytes, " +
         std::to_string(network.graph.ops.size()) + " operators";
}

}  // namespace tinynas
