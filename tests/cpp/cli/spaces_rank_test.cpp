#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "temporary_folder.h"
#include "tinynas/search_space.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::is_one_line;
using testing::run_cli;
using testing::TemporaryFolder;

namespace {

/// `tinynas spaces rank` of fashion-mnist, small, with more arguments.
CliResult rank(const std::vector<std::string>& more, const std::string& mcu = "stm32g031k8") {
  std::vector<std::string> arguments = {
      "spaces",    "rank", "--space",  "fashion-mnist", "--mcu",         mcu,    "--networks", "80",
      "--best-of", "20",   "--widths", "0.5,1",         "--resolutions", "20,28"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_cli(arguments);
}

Json document_of(const CliResult& result) { return parse_json(result.out, "stdout"); }

}  // namespace

TEST_CASE("spaces rank shows cells in order, and the same in JSON") {
  const CliResult text = rank({});
  REQUIRE(text.code == 0);
  CHECK(text.err.empty());
  for (const char* part : {"4 cells of fashion-mnist, 80 networks each", "runtime tinynas: 6.5 KiB",
                           "expected best MACs of 20 draws", "WIDTH", "EXPECTED BEST", "95 %"}) {
    INFO(part);
    CHECK(contains(text.out, part));
  }
  const CliResult json = rank({"--json"});
  CHECK(json.out == rank({"--json"}).out);
  CHECK(json.out != rank({"--json", "--seed", "1"}).out);
  const Json document = document_of(json);
  CHECK(document["schema_version"] == 1);
  CHECK(document["space"] == "fashion-mnist");
  CHECK(document["criterion"] == "expected-best");
  REQUIRE(document["rankings"].size() == 1);
  const Json& ranking = document["rankings"][0];
  CHECK(ranking["mcu"]["sram_budget_bytes"] == 6656);
  REQUIRE(ranking["cells"].size() == 4);
  CHECK(ranking["best"] == ranking["cells"][0]["name"]);
  std::int64_t before = ranking["cells"][0]["criterion_macs"];
  for (const Json& cell : ranking["cells"]) {
    CHECK(cell["criterion_macs"] <= before);
    before = cell["criterion_macs"];
    CHECK(cell["share"].get<double>() == cell["fitting"].get<double>() / 80);
    CHECK(cell["median_peak_sram_bytes"].get<std::int64_t>() <= 6656);
    CHECK(cell["macs_80"] <= cell["macs_95"]);
    REQUIRE(cell["cdf"].size() == 20);
    CHECK(cell["cdf"][19]["share"] == cell["share"]);
    CHECK(cell["cdf"][15]["macs"] == cell["macs_80"]);
    CHECK(cell["nearest"].is_null());
  }
  CHECK(document_of(run_cli({"spaces", "--json", "rank", "--space", "toy", "--mcu", "stm32f746",
                             "--networks", "100"}))["space"] == "toy");
}

TEST_CASE("spaces rank --top, --criterion") {
  const auto rows = [](const std::string& text) {
    std::istringstream lines(text.substr(0, text.find("quantiles of")));
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.starts_with("    ");
    return count;
  };
  CHECK(rows(rank({"--top", "1"}).out) == 1);
  CHECK(rows(rank({"--top", "3"}).out) == 3);
  CHECK(rows(rank({"--top", "9"}).out) == 4);
  const CliResult mean = rank({"--criterion", "mean-macs"});
  CHECK(contains(mean.out, "Ranked by mean MACs of the networks that fit"));
  const Json document = document_of(rank({"--criterion", "mean-macs", "--json"}));
  for (const Json& cell : document["rankings"][0]["cells"]) {
    CHECK(cell["criterion_macs"] == cell["mean_macs"]);
  }
}

TEST_CASE("spaces rank puts runtimes side by side, and the first decides") {
  const CliResult text = rank({"--runtime", "tinynas,tinyengine,tflm"}, "stm32f103c8");
  CHECK(text.code == 0);
  for (const char* part : {"Best cell under each runtime", "\n  tinynas ", "\n  tinyengine ",
                           "\n  tflm ", "Best cells under tinynas"}) {
    INFO(part);
    CHECK(contains(text.out, part));
  }
  const Json all = document_of(rank({"--runtime", "tinynas,tflm", "--json"}, "stm32f103c8"));
  const Json one = document_of(rank({"--runtime", "tflm", "--json"}, "stm32f103c8"));
  REQUIRE(all["rankings"].size() == 2);
  CHECK(all["rankings"][1] == one["rankings"][0]);
  CHECK(all["rankings"][0]["best"].is_string());
  CHECK(all["rankings"][1]["best"].is_null());
  CHECK(rank({"--runtime", "tinynas,tflm"}, "stm32f103c8").code == 0);
  CHECK(rank({"--runtime", "tflm,tinynas"}, "stm32f103c8").code == 3);
}

TEST_CASE("spaces rank names what came nearest when nothing fits") {
  const TemporaryFolder folder;
  const CliResult text = rank({"--flash", "8KiB", "--write-space", folder.file("best.toml")});
  CHECK(text.code == 3);
  for (const char* part :
       {"Nothing of space 'fashion-mnist' fits stm32g031k8 under tinynas", "nearest cell     width",
        "KiB flash (", "over)", " | stem 8 | s0 ", "lower --reserve-flash"}) {
    INFO(part);
    CHECK(contains(text.out, part));
  }
  CHECK_FALSE(std::filesystem::exists(folder.file("best.toml")));
  const CliResult json = rank({"--flash", "8KiB", "--json"});
  CHECK(json.code == 3);
  const Json document = document_of(json);
  const Json& ranking = document["rankings"][0];
  CHECK(ranking["best"].is_null());
  const Json& cell = ranking["cells"][0];
  CHECK(cell["fitting"] == 0);
  CHECK(cell["mean_macs"].is_null());
  CHECK(cell["cdf"].empty());
  CHECK(cell["nearest"]["flash_over_bytes"].get<std::int64_t>() ==
        cell["nearest"]["flash_bytes"].get<std::int64_t>() - 8192);
  CHECK(contains(text.out, cell["nearest"]["id"].get<std::string>()));
}

TEST_CASE("spaces rank writes the best cell as a space, and distributions") {
  const TemporaryFolder folder;
  const std::string file = folder.file("best.toml"), cdf = folder.file("cells.csv");
  const CliResult json = rank({"--json", "--write-space", file, "--cdf", cdf});
  REQUIRE(json.code == 0);
  const Json ranking = document_of(json)["rankings"][0];
  const SearchSpace space = SearchSpace::load_file(file);
  CHECK(space.name() == ranking["best"]);
  CHECK(space.hash() == ranking["cells"][0]["space_hash"]);
  CHECK(space.classes() == 10);
  CHECK(read_file(file).starts_with("# Best of 4 cells of fashion-mnist for stm32g031k8 under"));
  const CliResult again = rank({"--write-space", file});
  CHECK(again.code == 2);
  CHECK(contains(again.err, "best.toml: is there already; name another file with --write-space"));

  std::istringstream lines(read_file(cdf));
  std::string line, last;
  std::getline(lines, line);
  CHECK(line == "runtime,width,resolution,macs,share");
  const Json& best = ranking["cells"][0];
  std::ostringstream begin;
  begin << "tinynas," << best["width"].get<double>() << "," << best["resolution"] << ",";
  while (std::getline(lines, line) && line.starts_with(begin.str())) last = line;
  std::ostringstream end;
  end << begin.str() << best["cdf"][19]["macs"] << "," << best["share"].get<double>();
  CHECK(last == end.str());
}

TEST_CASE("spaces rank says in one line what is wrong, and what would be right") {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{"--widths", "0.5,x"}, "--widths: must be numbers from 0.01 to 8 between commas"},
      {{"--widths", "0.5,"}, "not ''"},
      {{"--widths", "nan"}, "not 'nan'"},
      {{"--widths", "0.01"}, "--widths, --resolutions: space 'fashion-mnist' has no cell"},
      {{"--resolutions", "2000"}, "--resolutions: must be pixels from 4 to 1024"},
      {{"--runtime", "tinyengin"}, "(did you mean 'tinyengine'?)"},
      {{"--criterion", "mean-mac"}, "(did you mean 'mean-macs'?)"},
      {{"--best-of", "81"}, "--best-of: 81 draws need as many; raise --networks, which is 80"},
      {{"--networks", "0"}, "--networks"},
      {{"--seed", "-1"}, "--seed"},
      {{"--write-space", "best.txt"}, "--write-space: must end in .toml"},
      {{"--sram", "lots"}, "--sram: 'lots' is not a number of bytes"},
      {{"--latency-ms", "5", "--runtime", "tinynas,tflm"}, "--latency-ms needs --runtime tinynas"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.message);
    std::vector<std::string> arguments = {
        "spaces", "rank", "--space", "fashion-mnist", "--mcu", "stm32f746",
    };
    if (wrong.arguments.front() == "--best-of") {
      arguments.insert(arguments.end(), {"--networks", "80"});
    }
    arguments.insert(arguments.end(), wrong.arguments.begin(), wrong.arguments.end());
    const CliResult result = run_cli(arguments);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(is_one_line(result.err));
    CHECK(contains(result.err, wrong.message));
  }
  CHECK(contains(run_cli({"spaces", "rank", "--mcu", "stm32f746"}).err, "--space is required"));
  CHECK(contains(run_cli({"spaces", "rank", "--space", "toy"}).err, "--mcu is required"));
}
