#pragma once
// JSON files: errors name the file and the field; writing is atomic.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tinynas {

using Json = nlohmann::ordered_json;

/// Throws BadInput when the file is missing, unreadable or not JSON (with line and column).
Json read_json_file(const std::string& path);
/// Parses text that came from `source`.
Json parse_json(std::string_view text, const std::string& source);

/// Typed access: throws BadInput "SOURCE: field 'KEY' is missing / must be a number". `where` says
/// where in the file.
const Json& json_at(const Json& object, const char* key, const std::string& where);
std::int64_t json_int(const Json& object, const char* key, const std::string& where);
double json_number(const Json& object, const char* key, const std::string& where);
std::string json_string(const Json& object, const char* key, const std::string& where);

template <typename T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Throws BadInput unless object["format"] == format and 1 <= format_version <= newest.
void check_format(const Json& object, const char* format, int newest_version,
                  const std::string& where);

/// Two-space indentation, trailing newline; temporary file, fsync, rename.
void write_json_file(const Json& value, const std::string& path);

}  // namespace tinynas
