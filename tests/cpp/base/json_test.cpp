#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;

TEST_CASE("JSON that does not parse names file, line and column") {
  CHECK(bad_input([] { parse_json("{\n  \"a\": 1,\n  oops\n}", "net.json"); }) ==
        "net.json:3:3: not valid JSON");
  CHECK(contains(bad_input([] { parse_json("", "net.json"); }), "net.json:1:1: "));
  CHECK(contains(bad_input([] { parse_json("[1, 2", "net.json"); }), "net.json:1:"));
  const testing::TemporaryFolder folder;
  const std::string path = folder.write("x.json", "{\n\"a\":\n}");
  CHECK(contains(bad_input([&] { read_json_file(path); }), path + ":3:1: not valid JSON"));
}

TEST_CASE("JSON that would end the process is refused") {
  CHECK(bad_input([] { parse_json("[1e999]", "f"); }) ==
        "f: a number is beyond what a double holds");
  const auto nested = [](int depth) {
    return "{\"[\\\"[\":\n" + std::string(static_cast<std::size_t>(depth) - 1, '[') +
           std::string(static_cast<std::size_t>(depth) - 1, ']') + "}";
  };
  CHECK(bad_input([&] { parse_json(nested(64), "f"); }) == "no error");
  CHECK(bad_input([&] { parse_json(nested(65), "f"); }) == "f:2:64: nested more than 64 deep");
  CHECK(contains(bad_input([&] { parse_json(nested(1'000'000), "f"); }), "nested more than"));
}

TEST_CASE("typed access names the field") {
  const Json object = parse_json(R"({"i": 3, "d": 2.5, "s": "x", "n": null})", "f");
  CHECK(json_int(object, "i", "f") == 3);
  CHECK(json_number(object, "d", "f") == 2.5);
  CHECK(json_number(object, "i", "f") == 3);
  CHECK(json_string(object, "s", "f") == "x");
  CHECK(bad_input([&] { json_int(object, "none", "f: layers[2]"); }) ==
        "f: layers[2]: field 'none' is missing");
  CHECK(bad_input([&] { json_int(object, "d", "f"); }) == "f: field 'd' must be an integer");
  CHECK(json_int(parse_json(R"({"i": 9223372036854775807})", "f"), "i", "f") == INT64_MAX);
  CHECK(bad_input([] { json_int(parse_json(R"({"i": 9223372036854775808})", "f"), "i", "f"); }) ==
        "f: field 'i' must be an integer");
  CHECK(bad_input([&] { json_number(object, "s", "f"); }) == "f: field 's' must be a number");
  CHECK(bad_input([&] { json_string(object, "n", "f"); }) == "f: field 'n' must be a string");
  CHECK(bad_input([] { json_int(Json::array(), "i", "f"); }) == "f: an object is expected here");
}

TEST_CASE("formats and their versions are checked") {
  auto with = [](const std::string& text) {
    return bad_input([&] { check_format(parse_json(text, "f"), "tinynas-subnet", 2, "f"); });
  };
  CHECK(with(R"({"format": "tinynas-subnet", "format_version": 2})") == "no error");
  CHECK(contains(with(R"({"format": "other", "format_version": 1})"), "expected 'tinynas-subnet'"));
  CHECK(contains(with(R"({"format": "tinynas-subnet", "format_version": 3})"),
                 "'format_version' is 3, this tinynas reads up to 2"));
  CHECK(contains(with(R"({"format": "tinynas-subnet", "format_version": 0})"), "is 0"));
  CHECK(contains(with(R"({"format": "tinynas-subnet"})"), "'format_version' is missing"));
}

TEST_CASE("a JSON file keeps the order of its fields and ends with a newline") {
  const testing::TemporaryFolder folder;
  write_json_file(Json{{"z", 1}, {"a", {1, 2}}}, folder.file("x.json"));
  CHECK(read_file(folder.file("x.json")).starts_with("{\n  \"z\": 1,\n  \"a\": ["));
  CHECK(read_file(folder.file("x.json")).ends_with("}\n"));
}
