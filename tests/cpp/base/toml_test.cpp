#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/toml_reader.h"
#include "catch.h"
#include "errors.h"

using namespace tinynas;
using testing::bad_input;

namespace {

const char* const kText = R"(name = "x"
count = 3
ratio = 2.5
on = true
size = "320KiB"
list = [1, 2.5]
words = ["a", "b"]
mixed = [1, "b", 2.5, false]

[inner]
key = 7

[[item]]
value = 1

[[item]]
value = 2
)";

std::string error_of(const std::function<void(const TomlTable&)>& read) {
  return bad_input([&] { read(TomlTable::parse(kText, "f.toml")); });
}

}  // namespace

TEST_CASE("values come back with their types") {
  const TomlTable file = TomlTable::parse(kText, "f.toml");
  CHECK(file.get_string("name") == "x");
  CHECK(file.get_int("count", 0, 10) == 3);
  CHECK(file.get_number("ratio", 0, 10) == 2.5);
  CHECK(file.get_number("count", 0, 10) == 3);
  CHECK(file.get_bool("on"));
  CHECK(file.get_bytes("size") == 327680);
  CHECK(file.get_bytes("count") == 3);
  CHECK(file.get_numbers("list", 0, 10) == std::vector<double>{1, 2.5});
  CHECK(file.get_numbers("count", 0, 10) == std::vector<double>{3});
  CHECK(file.get_strings("words") == std::vector<std::string>{"a", "b"});
  CHECK(file.get_texts("mixed") == std::vector<std::string>{"1", "b", "2.5", "false"});
  CHECK(file.get_texts("count") == std::vector<std::string>{"3"});
  CHECK(file.location("ratio") == "f.toml:3");
  CHECK(file.get_table("inner").get_int("key", 0, 10) == 7);
  REQUIRE(file.get_tables("item").size() == 2);
  CHECK(file.get_tables("item")[1].get_int("value", 0, 10) == 2);
  CHECK(file.get_tables("none").empty());
  CHECK(file.string_or("none", "y") == "y");
  CHECK(file.int_or("none", 4, 0, 10) == 4);
  CHECK(file.number_or("ratio", 1, 0, 10) == 2.5);
  CHECK_FALSE(file.bool_or("none", false));
  CHECK_NOTHROW(file.finish());
}

TEST_CASE("every complaint names file, line and key") {
  using Read = std::function<void(const TomlTable&)>;
  const std::vector<std::pair<Read, std::string>> cases{
      {[](const TomlTable& t) { t.get_string("none"); }, "f.toml:1: none: is missing"},
      {[](const TomlTable& t) { t.get_string("count"); }, "f.toml:2: count: must be a string"},
      {[](const TomlTable& t) { t.get_int("ratio", 0, 9); }, "f.toml:3: ratio: must be an integer"},
      {[](const TomlTable& t) { t.get_int("count", 5, 9); },
       "f.toml:2: count: must lie between 5 and 9"},
      {[](const TomlTable& t) { t.get_number("ratio", 0, 1.5); },
       "f.toml:3: ratio: must lie between 0 and 1.5"},
      {[](const TomlTable& t) { t.get_number("on", 0, 9); }, "f.toml:4: on: must be a number"},
      {[](const TomlTable& t) { t.get_bool("count"); }, "f.toml:2: count: must be true or false"},
      {[](const TomlTable& t) { t.get_bytes("name"); },
       "f.toml:1: name: 'x' is not a number of bytes; write for example \"320KiB\""},
      {[](const TomlTable& t) { t.get_bytes("ratio"); },
       "f.toml:3: ratio: must be bytes: an integer >= 0, or a string such as \"320KiB\""},
      {[](const TomlTable& t) { t.get_numbers("words", 0, 9); },
       "f.toml:7: words: must be a number or a list of numbers"},
      {[](const TomlTable& t) { t.get_numbers("list", 0, 2); },
       "f.toml:6: list: must lie between 0 and 2"},
      {[](const TomlTable& t) { t.get_strings("list"); },
       "f.toml:6: list: must be a list of strings"},
      {[](const TomlTable& t) { t.get_table("name"); }, "f.toml:1: name: must be a table"},
      {[](const TomlTable& t) { t.get_tables("list"); },
       "f.toml:6: list: must be a list of tables: write [[list]]"},
      {[](const TomlTable& t) { t.get_table("inner").get_int("key", 0, 5); },
       "f.toml:11: inner.key: must lie between 0 and 5"},
      {[](const TomlTable& t) { t.get_tables("item")[1].get_string("value"); },
       "f.toml:17: item[1].value: must be a string"},
      {[](const TomlTable& t) { t.get_texts("inner"); },
       "f.toml:10: inner: must be text, a number, true or false, or a list of these"},
      {[](const TomlTable& t) { t.fail("on", "no"); }, "f.toml:4: on: no"}};
  for (const auto& [read, expected] : cases) CHECK(error_of(read) == expected);
}

TEST_CASE("characters beyond ASCII stand in strings and comments alone") {
  const auto message = [](const std::string& text) {
    return bad_input([&] { TomlTable::parse(text, "f.toml"); });
  };
  for (const char* text : {"a = 1 # gr\u00f6\u00dfe", "a = 'gr\u00f6\u00dfe'",
                           "\"\u00f6\" = \"\\\"\u00f6\"", "s = \"\"\"\\\n\u00a7\"\"\""}) {
    CHECK(message(text) == "no error");
  }
  CHECK(message("a = 1\n\u00f6 = 2").starts_with("f.toml:2:1: not valid TOML"));
  CHECK(message("n=0\"\u00a7").starts_with("f.toml:1:"));
  CHECK(message("\xCE\x9D").starts_with("f.toml:1:"));
}

TEST_CASE("a key has a limited number of parts") {
  const auto message = [](int parts, const std::string& before, const std::string& after) {
    std::string key = "a";
    for (int i = 1; i < parts; ++i) key += i % 2 == 0 ? ".a" : " . 'a'";
    return bad_input([&] { TomlTable::parse("x = 1.5\n" + before + key + after, "f.toml"); });
  };
  CHECK(message(17, "", " = 1.5") == "no error");
  CHECK(message(18, "", " = 1") == "f.toml:2: not valid TOML: a key of more than 16 parts");
  CHECK(message(300'000, "[", "]").ends_with("a key of more than 16 parts"));
  CHECK(message(300'000, "y = {", " = 1}").ends_with("a key of more than 16 parts"));
  std::string list = "x = [1.5";
  for (int i = 0; i < 100; ++i) list += ", 1.5";
  CHECK(bad_input([&] { TomlTable::parse(list + "]", "f.toml"); }) == "no error");
}

TEST_CASE("bytes have a limit, however they are written") {
  const auto message = [](const std::string& value) {
    return bad_input([&] { TomlTable::parse("b = " + value, "f.toml").get_bytes("b"); });
  };
  CHECK(message("1_000_000_000_000_000") == "no error");
  CHECK(message("1_000_000_000_000_001") == "f.toml:1: b: is more than 10^15 bytes");
  CHECK(message("9223372036854775807") == "f.toml:1: b: is more than 10^15 bytes");
  CHECK(message("\"1_000_000_000_000_001\"") != "no error");
  CHECK(message("-1").find("must be bytes") != std::string::npos);
}

TEST_CASE("keys that nobody asked for are refused with the nearest that was") {
  auto message = [](const char* text) {
    return bad_input([&] {
      const TomlTable file = TomlTable::parse(text, "f.toml");
      file.int_or("channels", 0, 0, 9);
      file.finish();
    });
  };
  CHECK(message("channels = 3") == "no error");
  CHECK(message("# a\nchanels = 3") ==
        "f.toml:2: chanels: is not a known key (did you mean 'channels'?)");
  CHECK(message("zzz = 3") == "f.toml:1: zzz: is not a known key");
}

TEST_CASE("text that is not TOML names line and column") {
  auto message = [](const char* text) {
    return bad_input([&] { TomlTable::parse(text, "f.toml"); });
  };
  CHECK(message("a = 1\nb = = 2\n").starts_with("f.toml:2:"));
  CHECK(message("a = 1\na = 2\n").starts_with("f.toml:2:"));
  CHECK(message("a = \"open\n").starts_with("f.toml:1:"));
  CHECK(message("[t\n").starts_with("f.toml:1:"));
  for (const char* text : {"a = 1\nb = = 2\n", "[t\n"}) {
    CHECK(message(text).find("not valid TOML") != std::string::npos);
  }
}
