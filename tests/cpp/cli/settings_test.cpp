// --config file.toml < TINYNAS_* < flags, seen through the budget that `plan --json` reports.

#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "small_network.h"
#include "temporary_folder.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::run_cli;
using testing::TemporaryFolder;

namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kReserves = 3 * kKiB;  // of stm32f746

/// SRAM budget and name that a plan was judged by.
Json judged(const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment = {}) {
  const CliResult result = run_cli(arguments, {.environment = environment});
  INFO(result.err);
  REQUIRE(result.code == 0);
  return parse_json(result.out, "stdout")["mcu"];
}

std::string complaint(const std::vector<std::string>& arguments,
                      const std::map<std::string, std::string>& environment = {}) {
  const CliResult result = run_cli(arguments, {.environment = environment});
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(testing::is_one_line(result.err));
  return result.err;
}

}  // namespace

TEST_CASE("a flag beats the environment, which beats the file") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const std::string config =
      folder.write("run.toml", "json = true\nmcu = \"stm32f746\"\nsram = \"100KiB\"\n");
  const std::vector<std::string> base{"plan", network, "--config", config};
  CHECK(judged(base)["sram_budget_bytes"] == 100 * kKiB - kReserves);
  CHECK(judged(base)["name"] == "stm32f746");
  CHECK(judged({"--config", config, "plan", network}) == judged(base));
  CHECK(judged(base, {{"TINYNAS_SRAM", "90KiB"}})["sram_budget_bytes"] == 90 * kKiB - kReserves);
  std::vector<std::string> typed = base;
  typed.insert(typed.end(), {"--sram", "80KiB"});
  CHECK(judged(typed, {{"TINYNAS_SRAM", "90KiB"}})["sram_budget_bytes"] == 80 * kKiB - kReserves);
  typed.back() = "70KiB";
  CHECK(judged(typed)["sram_budget_bytes"] == 70 * kKiB - kReserves);
  CHECK(judged(base, {{"TINYNAS_SRAM", ""}})["sram_budget_bytes"] == 100 * kKiB - kReserves);
}

TEST_CASE("the environment alone, and a file named by it") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  CHECK(judged({"plan", network}, {{"TINYNAS_MCU", "rp2040"},
                                   {"TINYNAS_FLASH", "2MiB"},
                                   {"TINYNAS_JSON", "1"}})["flash_budget_bytes"] == 2048 * kKiB);
  const std::string config = folder.write("run.toml", "mcu = \"nrf52840\"\n");
  CHECK(judged({"plan", network, "--json"}, {{"TINYNAS_CONFIG", config}})["name"] == "nrf52840");
}

TEST_CASE("a table named like the command beats the top; other commands' tables are left alone") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const std::string config =
      folder.write("run.toml",
                   "mcu = \"nrf52840\"\n[plan]\nmcu = \"stm32f746\"\nreserve_sram = 1024\n"
                   "[mcus]\njson = true\n");
  const Json mcu = judged({"plan", network, "--json", "--config=" + config});
  CHECK(mcu["name"] == "stm32f746");
  CHECK(mcu["sram_budget_bytes"] == 319 * kKiB - kReserves);
}

TEST_CASE("what is wrong in a configuration file is named by file, line and key") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  auto with = [&](const std::string& text) {
    return complaint({"plan", network, "--config", folder.write("run.toml", text)});
  };
  const std::string file = folder.file("run.toml");
  CHECK(contains(with("mcuu = \"x\"\n"),
                 file + ":1: mcuu: is not a known key (did you mean 'mcu'?)"));
  CHECK(contains(with("[plan]\nmcu = \"stm32f746\"\nreserve-sam = 1\n"),
                 file + ":3: plan.reserve-sam: is not a known key (did you mean 'reserve-sram'?)"));
  CHECK(contains(with("[mcus]\nsram = 1\n"), file + ":2: mcus.sram: is not a known key"));
  CHECK(contains(with("[plam]\n"), file + ":1: plam: is not a known key (did you mean 'plan'?)"));
  CHECK(contains(with("plan = 3\n"), file + ":1: plan: must be a table"));
  CHECK(contains(with("mcu = = 3\n"), file + ":1:"));
  CHECK(contains(with("mcu = { a = 1 }\n"), file + ":1: mcu: must be text, a number"));
  CHECK(contains(with("config = \"other.toml\"\n"), file + ":1: config: is not a known key"));
  CHECK(contains(with("# a\nmcu = \"stm32f746\"\nsram = \"lots\"\n"),
                 "--sram: 'lots' is not a number of bytes; write for example 320KiB or 1MiB "
                 "(--sram comes from " +
                     file + ":3)"));
  CHECK(contains(with("mcu = [\"a\", \"b\"]\n"), "(--mcu comes from " + file + ":1)"));
  CHECK(contains(complaint({"plan", network, "--config", folder.file("none.toml")}),
                 folder.file("none.toml") + ": cannot be read"));
}

TEST_CASE("a bad value from the environment names its variable") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  CHECK(contains(complaint({"plan", network, "--mcu", "stm32f746"}, {{"TINYNAS_SRAM", "lots"}}),
                 "(--sram comes from TINYNAS_SRAM)"));
  CHECK(contains(complaint({"plan", network}, {{"TINYNAS_JSON", "perhaps"}}), "TINYNAS_JSON"));
}

TEST_CASE("what is meant for one command does not disturb another, nor help") {
  CHECK(run_cli({"mcus"}, {.environment = {{"TINYNAS_SRAM", "lots"}}}).code == 0);
  CHECK(run_cli({"plan", "--help"}, {.environment = {{"TINYNAS_CONFIG", "/none"}}}).code == 0);
}
