#include "cli/network_file.h"

#include "base/files.h"
#include "base/json_io.h"
#include "tinynas/error.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

bool is_tflite(const std::string& path, const std::string& content) {
  return path.ends_with(".tflite") || (content.size() >= 8 && content.compare(4, 4, "TFL3") == 0);
}

Graph lower_subnet_file(const Json& document, const std::string& path,
                        const std::string& space_name) {
  const SearchSpace space =
      SearchSpace::find(space_name.empty() ? json_string(document, "space", path) : space_name);
  return lower(space.decode(read_subnet_file(space, path)));
}

}  // namespace

Graph read_network_file(const std::string& path, const std::string& space_name) {
  const std::string content = read_file(path);
  if (is_tflite(path, content)) {
    throw BadInput(path +
                   ": this version does not read .tflite files; give it a layer table (JSON) or a "
                   "subnet file");
  }
  const Json document = parse_json(content, path);
  if (document.is_object() && document.contains("format")) {
    return lower_subnet_file(document, path, space_name);
  }
  if (document.is_object() && document.contains("layers")) return read_layer_table(path);
  throw BadInput(path +
                 ": neither a layer table (field 'layers') nor a subnet file (field 'format')");
}

}  // namespace tinynas
