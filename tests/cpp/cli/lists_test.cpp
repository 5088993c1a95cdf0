#include <algorithm>

#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "tinynas/mcu.h"
#include "tinynas/search_space.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::run_cli;

TEST_CASE("mcus and mcus list are one, in text and in JSON") {
  const CliResult text = run_cli({"mcus"});
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK(text.out == run_cli({"mcus", "list"}).out);
  const std::vector<Mcu> mcus = list_mcus();
  CHECK(static_cast<std::size_t>(std::count(text.out.begin(), text.out.end(), '\n')) ==
        mcus.size() + 1);
  const CliResult json = run_cli({"mcus", "--json"});
  CHECK(json.out == run_cli({"mcus", "list", "--json"}).out);
  CHECK(json.out == run_cli({"mcus", "--json", "list"}).out);
  const Json document = parse_json(json.out, "stdout");
  CHECK(document["schema_version"] == 1);
  REQUIRE(document["mcus"].size() == mcus.size());
  for (std::size_t i = 0; i < mcus.size(); ++i) {
    INFO(mcus[i].name);
    const Json& entry = document["mcus"][i];
    CHECK(contains(text.out, "\n" + mcus[i].name + " "));
    CHECK(entry["name"] == mcus[i].name);
    CHECK(entry["largest_contiguous_bytes"] == largest_contiguous_bytes(mcus[i]));
    CHECK(entry["flash_bytes"].is_null() == !mcus[i].flash_internal);
    CHECK(entry["flash_budget_bytes"].is_null() == !mcus[i].flash_internal);
  }
}

TEST_CASE("mcus show prints regions, reserves and what is left") {
  const CliResult text = run_cli({"mcus", "show", "STM32F746"});
  CHECK(text.code == 0);
  for (const char* part : {"DTCM", "0x20010000", "0x2004FFFF", "240.0 KiB", "320.0 KiB of 320.0",
                           "317.0 KiB (324,608 bytes)", "stm32f746.toml"}) {
    INFO(part);
    CHECK(contains(text.out, part));
  }
  CHECK(contains(run_cli({"mcus", "show", "rp2040"}).out, "--flash"));
  CHECK(contains(run_cli({"mcus", "show", "m467"}).out, "uncertain"));
  const Json mcu = parse_json(run_cli({"mcus", "show", "stm32wb55", "--json"}).out, "stdout");
  CHECK(mcu["schema_version"] == 1);
  CHECK(mcu["regions"].size() == 3);
  CHECK(mcu["largest_contiguous_bytes"] == 192 * 1024);
  CHECK(mcu["sram_bytes"] == 256 * 1024);
}

TEST_CASE("spaces list and show agree with the spaces") {
  const CliResult text = run_cli({"spaces"});
  REQUIRE(text.code == 0);
  CHECK(text.out == run_cli({"spaces", "list"}).out);
  const Json document = parse_json(run_cli({"spaces", "--json"}).out, "stdout");
  const std::vector<std::string> names = SearchSpace::list_names();
  REQUIRE(document["spaces"].size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    const Json& entry = document["spaces"][i];
    const SearchSpace space = SearchSpace::find(names[i]);
    CHECK(contains(text.out, "\n" + names[i] + " "));
    CHECK(entry["name"] == names[i]);
    CHECK(entry["hash"] == space.hash());
    CHECK(entry["cardinality"] == space.cardinality());
    CHECK(entry["smallest"]["id"] == space.id(space.smallest()));
    CHECK(entry["smallest"]["peak_sram_bytes"] <= entry["largest"]["peak_sram_bytes"]);
    const Json shown = parse_json(run_cli({"spaces", "show", names[i], "--json"}).out, "stdout");
    CHECK(shown["smallest"] == entry["smallest"]);
    REQUIRE(shown["genes"].size() == space.genes().size());
    CHECK(contains(run_cli({"spaces", "show", names[i]}).out, space.genes().front().name));
  }
}
