#include "base/files.h"
#include "cli/export_formats.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {

std::string export_tflite(const ExportRequest& request) {
  if (request.network.run.empty()) {
    throw BadInput(request.network.file +
                   ": --format tflite writes the winner of a run; name a run directory");
  }
  const std::string content = read_file(request.network.file);
  write_file_atomic(request.out, content);
  return request.out + ": " + format_count(static_cast<std::int64_t>(content.size())) + " bytes";
}

}  // namespace tinynas
