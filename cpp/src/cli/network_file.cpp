#include "cli/network_file.h"

#include "base/files.h"
#include "base/json_io.h"
#include "tinynas/error.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

Network of_tflite(TfliteNetwork file) {
  return {order_for_streaming(file.graph), std::move(file.interpreter_graph),
          std::move(file.left_out), std::move(file.labels)};
}

Graph lower_subnet_file(const std::string& path, const std::string& space_name) {
  const SearchSpace space =
      space_name.empty() ? find_space_of_subnet(path) : SearchSpace::find(space_name);
  return lower(space.decode(read_subnet_file(space, path)));
}

}  // namespace

Network read_network_file(const std::string& path, const std::string& space_name) {
  const std::string content = read_file(path);
  if (is_tflite(path, content)) return of_tflite(parse_tflite(content, path));
  const Json document = parse_json(content, path);
  if (document.is_object() && document.contains("format")) {
    return {lower_subnet_file(path, space_name), {}, {}, {}};
  }
  if (document.is_object() && document.contains("layers"))
    return {order_for_streaming(read_layer_table(path)), {}, {}, {}};
  throw BadInput(path +
                 ": neither a .tflite file nor a layer table (field 'layers') nor a subnet file "
                 "(field 'format')");
}

}  // namespace tinynas
