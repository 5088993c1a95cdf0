#include "base/json_io.h"

#include <algorithm>
#include <cstdint>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {

namespace {

/// The files of this program nest less than ten deep. What walks a document recurses, so that a
/// file of a million brackets would end the process.
constexpr int kMaxDepth = 64;

/// "SOURCE:LINE:COLUMN" of a byte.
std::string place(std::string_view text, std::size_t byte, const std::string& source) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < std::min(byte, text.size()); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n';
  }
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void check_depth(std::string_view text, const std::string& source) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth <= kMaxDepth) continue;
      throw BadInput(place(text, i, source) + ": nested more than " + std::to_string(kMaxDepth) +
                     " deep");
    } else if (!in_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
  check_depth(text, source);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw BadInput(place(text, error.byte > 0 ? error.byte - 1 : 0, source) + ": not valid JSON");
  } catch (const Json::out_of_range&) {
    throw BadInput(source + ": a number is beyond what a double holds");
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
  const bool beyond = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  if (!value.is_number_integer() || beyond)
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
