#include "tinynas/bytes.h"

#include <utility>
#include <vector>

#include "catch.h"
#include "errors.h"
#include "tinynas/rng.h"

using namespace tinynas;
using tinynas::testing::bad_input;

TEST_CASE("parse_bytes reads what people write") {
  const std::vector<std::pair<const char*, std::int64_t>> cases{
      {"0", 0},         {"327680", 327680}, {"320KiB", 327680}, {"320 KiB", 327680},
      {"320k", 327680}, {"320KB", 327680},  {"1MiB", 1048576},  {"1.5 MiB", 1572864},
      {"0.5KiB", 512},  {"64B", 64},        {"64 b", 64},       {"2m", 2097152},
      {"0.125kib", 128}};
  for (const auto& [text, bytes] : cases) {
    INFO(text);
    CHECK(parse_bytes(text, "--sram") == bytes);
  }
}

TEST_CASE("parse_count reads thousands and millions, and refuses everything else") {
  CHECK(parse_count("12500000", "--macs") == 12500000);
  CHECK(parse_count("12.5M", "--macs") == 12500000);
  CHECK(parse_count("0.3 m", "--macs") == 300000);
  CHECK(parse_count("800k", "--macs") == 800000);
  for (const char* text : {"", "0", "-5", "M", "12.5", "3G", "1e6x", "nan"}) {
    INFO(text);
    CHECK(bad_input([&] { parse_count(text, "--macs"); }).find("--macs: '") == 0);
  }
}

TEST_CASE("parse_bytes refuses everything else, naming the flag") {
  for (const char* text : {"", "KiB", "-1", "-0", "1.5", "0.3KiB", "1GiB", "1e3", "0x10", "nan",
                           "inf", "1KiB2", "1,024", "99999999999999999999", "1 2"}) {
    const std::string message = bad_input([&] { parse_bytes(text, "--sram"); });
    INFO(text << " -> " << message);
    CHECK(message == std::string("--sram: '") + text +
                         "' is not a number of bytes; write for example 320KiB or 1MiB");
  }
}

TEST_CASE("format_bytes changes its unit at the boundaries") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes(327680) == "320.0 KiB");
  CHECK(format_bytes(1024 * 1024) == "1.0 MiB");
}

TEST_CASE("format_count groups by three") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1,000");
  CHECK(format_count(93992) == "93,992");
  CHECK(format_count(-1234567) == "-1,234,567");
  CHECK(format_count(-999) == "-999");
}

TEST_CASE("whole KiB survive being printed and parsed") {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t bytes = std::int64_t{rng.below(1023) + 1} * 1024;
    CHECK(parse_bytes(format_bytes(bytes), "x") == bytes);
  }
}
