#include "base/json_io.h"

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {

Json parse_json(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    std::size_t line = 1, column = 1;
    const std::size_t end = std::min<std::size_t>(error.byte > 0 ? error.byte - 1 : 0, text.size());
    for (std::size_t i = 0; i < end; ++i) {
      column = text[i] == '\n' ? 1 : column + 1;
      line += text[i] == '\n';
    }
    throw BadInput(source + ":" + std::to_string(line) + ":" + std::to_string(column) +
                   ": not valid JSON");
  }
}

Json read_json_file(const std::string& path) { return parse_json(read_file(path), path); }

const Json& json_at(const Json& object, const char* key, const std::string& where) {
  if (!object.is_object()) throw BadInput(where + ": an object is expected here");
  const auto it = object.find(key);
  if (it == object.end()) throw BadInput(where + ": field '" + key + "' is missing");
  return *it;
}

std::int64_t json_int(const Json& object, const char* key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_number_integer())
    throw BadInput(where + ": field '" + key + "' must be an integer");
  return value.get<std::int64_t>();
}

double json_number(const Json& object, const char* key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_number()) throw BadInput(where + ": field '" + key + "' must be a number");
  return value.get<double>();
}

std::string json_string(const Json& object, const char* key, const std::string& where) {
  const Json& value = json_at(object, key, where);
  if (!value.is_string()) throw BadInput(where + ": field '" + key + "' must be a string");
  return value.get<std::string>();
}

void check_format(const Json& object, const char* format, int newest_version,
                  const std::string& where) {
  const std::string found = json_string(object, "format", where);
  if (found != format) {
    throw BadInput(where + ": field 'format' is '" + found + "', expected '" + format + "'");
  }
  const std::int64_t version = json_int(object, "format_version", where);
  if (version < 1 || version > newest_version) {
    throw BadInput(where + ": field 'format_version' is " + std::to_string(version) +
                   ", this tinynas reads up to " + std::to_string(newest_version) +
                   "; update tinynas or write the file again");
  }
}

void write_json_file(const Json& value, const std::string& path) {
  write_file_atomic(path, value.dump(2) + "\n");
}

}  // namespace tinynas
