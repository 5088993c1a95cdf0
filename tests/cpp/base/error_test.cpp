#include "tinynas/error.h"

#include <string>

#include "catch.h"

using namespace tinynas;

TEST_CASE("a message is one line that can be printed") {
  CHECK(printable_line("gr\u00f6\u00dfe: \u20ac, \U0001F600") ==
        "gr\u00f6\u00dfe: \u20ac, \U0001F600");
  CHECK(printable_line("two\nlines") == "two lines");
  CHECK(printable_line("a\tb\rc\x1b[31md\x7f") == "a?b?c?[31md?");
  CHECK(printable_line(std::string("nul\0", 4)) == "nul?");
  CHECK(printable_line("\u0085 \u009f \u00a0 \u2028 \u2029 \u202a") == "? ? \u00a0 ? ? \u202a");
  CHECK(printable_line("torn \xC3") == "torn ?");
  CHECK(printable_line("\xFF\xC0\x80\xE2\x28\xA1") == std::string(4, '?') + "(?");
  CHECK(printable_line("").empty());
}

TEST_CASE("whatever a file puts into a message, an error is one line") {
  CHECK(std::string(BadInput("f.toml:1: a\nb\x1b: unknown").what()) == "f.toml:1: a b?: unknown");
  CHECK(std::string(Error(ExitCode::kInternal, "a\r").what()) == "a?");
}
