#include <filesystem>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "small_network.h"
#include "temporary_folder.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::run_cli;
using testing::TemporaryFolder;

namespace {

Json plan_document(const CliResult& result) { return parse_json(result.out, "stdout"); }

std::string published(const std::string& name) {
  return std::string(TINYNAS_SHARED_DIR) + "/reference/networks/" + name + ".json";
}

}  // namespace

TEST_CASE("plan --json holds the fields that other programs rely on") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const CliResult result = run_cli({"plan", network, "--mcu", "stm32f746", "--json"});
  REQUIRE(result.code == 0);
  CHECK(result.err.empty());
  const Json plan = plan_document(result);
  CHECK(plan["schema_version"] == 1);
  CHECK(plan["runtime"] == "tinynas");
  CHECK(plan["input"] == "resident");
  REQUIRE(plan["front"].size() >= 1);
  CHECK(plan["front"][0]["macs"] == plan["macs"]);
  CHECK(plan["front"][0]["depthwise_rows"] == "int8");
  CHECK(plan["front"][0]["widened_elements"] == plan["widened_elements"]);
  CHECK(plan["depthwise_rows"] == "int8");
  CHECK(plan["runtimes"].size() == 3);
  CHECK(plan["segments"].size() >= 1);
  CHECK(plan["fits"] == true);
  for (const char* key : {"peak_sram_bytes", "lower_bound_bytes", "flash_bytes", "macs"}) {
    INFO(key);
    CHECK(plan.at(key).is_number_integer());
  }
  for (const char* key : {"activation_bytes", "scratch_bytes", "runtime_bytes", "stack_bytes"}) {
    CHECK(plan.at("sram").at(key).is_number_integer());
  }
  for (const char* key : {"weight_bytes", "bias_bytes", "quantisation_bytes", "code_bytes"}) {
    CHECK(plan.at("flash").at(key).is_number_integer());
  }
  CHECK(plan["mcu"]["name"] == "stm32f746");
  CHECK(plan["mcu"]["sram_budget_bytes"] == 317 * 1024);
  CHECK(plan["mcu"]["flash_budget_bytes"] == 1024 * 1024);
  REQUIRE(plan["operators"].size() == 2);
  for (const char* key :
       {"index", "name", "kind", "live_bytes", "scratch_bytes", "macs", "weight_bytes"}) {
    CHECK(plan["operators"][0].contains(key));
  }
  CHECK(plan["macs"] == 4 * 4 * 2 * 9 + 4 * 4 * 3 * 2);
  CHECK(plan["flash"]["weight_bytes"] == 2 * 9 + 3 * 2);
}

TEST_CASE("H743 has 512 KiB for one arena, not 1,024") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const Json plan = plan_document(run_cli({"plan", network, "--mcu", "stm32h743", "--json"}));
  CHECK(plan["mcu"]["sram_budget_bytes"] == (512 - 3) * 1024);
}

TEST_CASE("what does not fit ends with 3, and both forms say so") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  std::vector<std::string> words{"plan", network,     "--mcu",      "stm32f030r8", "--sram",
                                 "1700", "--runtime", "tinyengine", "--json"};
  const CliResult json = run_cli(words);
  CHECK(json.code == 3);
  CHECK(json.err.empty());
  const Json plan = plan_document(json);
  CHECK(plan["fits"] == false);
  const std::int64_t allowed = plan["mcu"]["sram_budget_bytes"];
  CHECK(allowed == 1700 - 1024 - 512);
  CHECK(plan["excess"]["sram_bytes"] == plan["peak_sram_bytes"].get<std::int64_t>() - allowed);
  words.pop_back();
  const CliResult text = run_cli(words);
  CHECK(text.code == 3);
  CHECK(contains(text.out, "does not fit"));
}

TEST_CASE("the budget is exact: one byte decides") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const Json plan = plan_document(run_cli({"plan", network, "--json"}));
  CHECK(plan["fits"].is_null());
  CHECK(plan["mcu"].is_null());
  const std::int64_t need = plan["peak_sram_bytes"].get<std::int64_t>() + 3 * 1024;
  // Without --mcu that is as on a Cortex-M7.
  CHECK(plan["core"] == "Cortex-M7");
  const Json on_part =
      plan_document(run_cli({"plan", network, "--mcu", "rp2040", "--flash", "2MiB", "--json"}));
  CHECK(on_part["core"] == "Cortex-M0+");
  CHECK(on_part["flash"]["code_is_estimate"] == false);
  const std::int64_t flash = on_part["flash_bytes"];
  CHECK(flash != plan["flash_bytes"]);
  auto code = [&](std::int64_t sram_bytes, std::int64_t flash_bytes) {
    return run_cli({"plan", network, "--mcu", "rp2040", "--sram", std::to_string(sram_bytes),
                    "--flash", std::to_string(flash_bytes)})
        .code;
  };
  CHECK(code(need, flash) == 0);
  CHECK(code(need - 1, flash) == 3);
  CHECK(code(need, flash - 1) == 3);
}

TEST_CASE("a core whose kernels were not measured gets those of the nearest, as an estimate") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const Json plan = plan_document(run_cli({"plan", network, "--mcu", "ra8d1", "--json"}));
  CHECK(plan["core"] == "Cortex-M85");
  CHECK(plan["flash"]["code_is_estimate"] == true);
  CHECK(plan["flash"]["kernel_core"] == "Cortex-M55");
  const std::string text = run_cli({"plan", network, "--mcu", "ra8d1"}).out;
  CHECK(contains(text, "runtime tinynas, on Cortex-M85"));
  CHECK(contains(text, "code (estimate: of Cortex-M55)"));
  const std::string measured = run_cli({"plan", network}).out;
  CHECK(contains(measured, "runtime tinynas, on Cortex-M7"));
  CHECK(contains(measured, "descriptors"));
  CHECK_FALSE(contains(measured, "estimate)"));
}

TEST_CASE("published networks are planned to the byte and judged") {
  if (!std::filesystem::exists(published("mcunet-in3"))) {
    WARN("the published networks are not here: skipped");
    return;
  }
  const std::vector<std::tuple<const char*, const char*, int>> cases{
      {"mcunet-in3", "stm32f746", 0},          {"mbv2-w0.35-r144", "stm32f746", 0},
      {"proxyless-w0.3-r176", "stm32f412", 3}, {"mcunet-in0", "stm32l476", 0},
      {"mcunet-vww1", "stm32f446", 0},         {"mbv2-w0.3-r64", "stm32f103rb", 3}};
  for (const auto& [name, mcu, code] : cases) {
    INFO(name << " on " << mcu);
    const CliResult result =
        run_cli({"plan", published(name), "--mcu", mcu, "--runtime", "tinyengine", "--json"});
    CHECK(result.code == code);
    const Json plan = plan_document(result);
    CHECK(plan["peak_sram_bytes"] == read_json_file(published(name))["computed"]["peak_mem"]);
  }
}

TEST_CASE("a subnet file is planned as its network") {
  const TemporaryFolder folder;
  const SearchSpace space = SearchSpace::find("toy");
  Rng rng(1);
  for (int i = 0; i < 5; ++i) {
    const Genotype genotype = space.sample(rng);
    const std::string path = folder.file("subnet.json");
    write_subnet_file(space, genotype, path);
    const MemoryPlan expected =
        plan_memory(lower(space.decode(genotype)), find_runtime(kDefaultRuntime));
    const Json plan = plan_document(run_cli({"plan", path, "--mcu", "stm32f746", "--json"}));
    CHECK(plan["peak_sram_bytes"] == expected.peak_sram_bytes);
    CHECK(plan["flash_bytes"] == expected.flash.total_bytes());
    CHECK(plan["macs"] == expected.macs);
  }
  const SearchSpace two = space.with_classes(2);
  const std::string path = folder.file("two.json");
  write_subnet_file(two, two.smallest(), path);
  CHECK(plan_document(run_cli({"plan", path, "--json"}))["macs"] ==
        graph_macs(lower(two.decode(two.smallest()))));
  const CliResult other = run_cli({"plan", folder.file("subnet.json"), "--space", "fashion-mnist"});
  CHECK(other.code == 2);
  CHECK(contains(other.err, folder.file("subnet.json")));
}

TEST_CASE("bad input to plan ends with 2, one line and the file's name") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const std::string other = folder.write("other.json", R"({"nodes": []})");
  const std::string list = folder.write("list.json", "[1, 2]");
  const std::string broken = folder.write("broken.json", "{\"layers\": [\n");
  const std::string tflite = folder.write("model.bin", std::string("\x1c\0\0\0TFL3....", 12));
  const std::string empty = folder.write("empty.tflite", "");
  const std::string stranger =
      folder.write("s.json", R"({"format": "tinynas-subnet", "format_version": 1, "space": "no"})");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{folder.file("none.json")}, folder.file("none.json") + ": there is no such file"},
      {{folder.path()}, "is no run directory"},
      {{other}, other + ": neither a .tflite file nor a layer table (field 'layers')"},
      {{list}, list + ": neither a .tflite file nor a layer table"},
      {{broken}, broken + ":2:"},
      {{tflite}, tflite + ": damaged"},
      {{empty}, empty + ": not a TensorFlow Lite file"},
      {{stranger}, stranger + ": field 'space': no shipped space is called 'no'"},
      {{network, "--mcu", "rp2040"}, "rp2040 has no internal flash"},
      {{network, "--mcu", "stm32f746", "--sram", "many"}, "--sram: 'many' is not a number of"},
      {{network, "--mcu", "stm32f746", "--flash", "-1"}, "--flash: '-1' is not a number of bytes"},
      {{network, "--mcu", "stm32f746", "--reserve-sram", "1MiB"}, "leave nothing of 320.0 KiB"},
      {{network, "--sram", "3KiB"}, "--sram needs --mcu"},
      {{network, "--runtime", "tinyengin"}, "tinyengine"},
      {{network, "--input", "row"}, "did you mean 'rows'"},
      {{network, "--input", "rows", "--runtime", "tflm"}, "--input rows needs --runtime tinynas"},
      {{network, "--depthwise-rows", "in16"}, "did you mean 'int16'"},
      {{network, "--depthwise-rows", "int16", "--runtime", "tflm"},
       "--depthwise-rows int16 needs --runtime tinynas"},
      {{network, "--mcu", "mine.toml"}, "mine.toml: cannot be read"}};
  for (const auto& [words, expected] : cases) {
    std::vector<std::string> arguments{"plan"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const CliResult result = run_cli(arguments);
    INFO(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, expected));
    CHECK(testing::is_one_line(result.err));
  }
}

TEST_CASE("plan writes a memory map as SVG and as a page, or nothing") {
  const TemporaryFolder folder;
  const std::string network = folder.write("net.json", testing::kSmallNetwork);
  const std::string svg = folder.file("map.svg"), html = folder.file("map.html");
  REQUIRE(run_cli({"plan", network, "--svg", svg, "--html", html}).code == 0);
  const std::string image = read_file(svg);
  CHECK(contains(image, "<svg xmlns="));
  CHECK(contains(image, "<title>image"));
  CHECK(contains(image, "peak "));
  CHECK(contains(read_file(html), "Operators, in bytes"));
  const std::string lost = network + "/map.svg";
  const CliResult failed = run_cli({"plan", network, "--svg", lost});
  CHECK(failed.code == 2);
  CHECK(failed.out.empty());
  CHECK(contains(failed.err, lost));
}

TEST_CASE("plan --depthwise-rows int16 streams int16 rows and says so") {
  if (!std::filesystem::exists(published("mcunet-vww1"))) {
    WARN("the published networks are not here: skipped");
    return;
  }
  const std::string network = published("mcunet-vww1");
  const CliResult text = run_cli({"plan", network, "--depthwise-rows", "int16", "--front"});
  REQUIRE(text.code == 0);
  CHECK(contains(text.out, "depthwise rows int16"));
  CHECK(contains(text.out, "ring of 7 int16 rows"));
  CHECK(contains(text.out, "--depthwise-rows int8"));
  const CliResult result = run_cli({"plan", network, "--depthwise-rows", "int16", "--json"});
  const Json plan = plan_document(result);
  CHECK(plan["depthwise_rows"] == "int16");
  CHECK(plan["widened_elements"] == 0);
}

TEST_CASE("plan lists the front, the other runtimes and what would relieve the peak") {
  if (!std::filesystem::exists(published("mcunet-vww1"))) {
    WARN("the published networks are not here: skipped");
    return;
  }
  const CliResult result =
      run_cli({"plan", published("mcunet-vww1"), "--input", "rows", "--front"});
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, "The same network under each runtime"));
  CHECK(contains(result.out, "--input external"));
  CHECK(contains(result.out, "patches"));
  CHECK(contains(result.out, "1.00x"));
  const CliResult published_rules =
      run_cli({"plan", published("mcunet-vww1"), "--runtime", "tinyengine"});
  CHECK(contains(published_rules.out, "--runtime tinynas"));
}
