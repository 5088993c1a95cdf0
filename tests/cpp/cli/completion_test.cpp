#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "temporary_folder.h"
#include "tinynas/mcu.h"

using namespace tinynas;
using testing::contains;
using testing::run_cli;
using testing::TemporaryFolder;

namespace {

bool has_shell(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

/// What bash offers after `words`, the last of which is being typed.
std::set<std::string> offered(const TemporaryFolder& folder,
                              const std::vector<std::string>& words) {
  std::string array;
  for (const std::string& word : words) array += "'" + word + "' ";
  const std::string script = "cd '" + folder.path() + "' && source ./tinynas.bash && COMP_WORDS=(" +
                             array + ") && COMP_CWORD=" + std::to_string(words.size() - 1) +
                             " && _tinynas; printf '%s\\n' \"${COMPREPLY[@]}\" > offered.txt";
  folder.write("run.bash", script);
  REQUIRE(std::system(("bash --norc --noprofile '" + folder.file("run.bash") + "'").c_str()) == 0);
  std::istringstream lines(read_file(folder.file("offered.txt")));
  std::set<std::string> result;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) result.insert(line);
  }
  return result;
}

using Words = std::set<std::string>;

}  // namespace

TEST_CASE("bash completes commands, options, choices and files") {
  if (!has_shell("bash")) {
    WARN("bash is not here: skipped");
    return;
  }
  const TemporaryFolder folder;
  folder.write("tinynas.bash", run_cli({"completion", "bash"}).out);
  folder.write("network.json", "{}");

  const Words commands = offered(folder, {"tinynas", ""});
  for (const char* name : {"plan", "mcus", "spaces", "completion"}) CHECK(commands.count(name));
  CHECK(offered(folder, {"tinynas", "pl"}) == Words{"plan"});
  CHECK(offered(folder, {"tinynas", "mcus", ""}) == Words{"list", "show"});
  CHECK(offered(folder, {"tinynas", "-q", "mcus", "sh"}) == Words{"show"});
  CHECK(offered(folder, {"tinynas", "spaces", ""}) == Words{"list", "show", "rank"});
  CHECK(offered(folder, {"tinynas", "spaces", "rank", "--crit"}) == Words{"--criterion"});
  CHECK(offered(folder, {"tinynas", "spaces", "rank", "--criterion", "e"}) ==
        Words{"expected-best"});

  CHECK(offered(folder, {"tinynas", "plan", "--res"}) ==
        Words{"--reserve-flash", "--reserve-sram"});
  CHECK(offered(folder, {"tinynas", "plan", "--conf"}) == Words{"--config"});
  CHECK(offered(folder, {"tinynas", "--vers"}) == Words{"--version"});
  CHECK(offered(folder, {"tinynas", "plan", "--vers"}).empty());

  Words f7;
  for (const Mcu& mcu : list_mcus()) {
    if (mcu.name.starts_with("stm32f7")) f7.insert(mcu.name);
  }
  CHECK(f7.size() >= 3);
  CHECK(offered(folder, {"tinynas", "plan", "--mcu", "stm32f7"}) == f7);
  CHECK(offered(folder, {"tinynas", "plan", "--mcu", "=", "stm32f7"}) == f7);
  CHECK(offered(folder, {"tinynas", "mcus", "show", "stm32f7"}) == f7);
  CHECK(offered(folder, {"tinynas", "plan", "--mcu", "="}).size() == list_mcus().size());
  CHECK(offered(folder, {"tinynas", "plan", "--runtime", ""}).count("tinyengine") == 1);
  CHECK(offered(folder, {"tinynas", "export", "--format", "t"}) == Words{"tflite", "torch"});
  CHECK(offered(folder, {"tinynas", "completion", ""}) == Words{"bash", "zsh", "fish"});

  CHECK(offered(folder, {"tinynas", "plan", "netw"}) == Words{"network.json"});
  CHECK(offered(folder, {"tinynas", "plan", "--mcu", "stm32f746", "netw"}) ==
        Words{"network.json"});
  CHECK(offered(folder, {"tinynas", "--config", "netw"}) == Words{"network.json"});
}

TEST_CASE("every shell's script is accepted by its shell where it is installed") {
  const TemporaryFolder folder;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    INFO(shell);
    const auto result = run_cli({"completion", shell});
    CHECK(result.code == 0);
    CHECK(contains(result.out, "stm32f746"));
    CHECK(contains(result.out, "reserve-sram"));
    const std::string file = folder.write("script." + shell, result.out);
    if (has_shell(shell)) CHECK(std::system((shell + " -n '" + file + "'").c_str()) == 0);
  }
}
