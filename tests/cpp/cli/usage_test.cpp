#include <csignal>
#include <utility>
#include <vector>

#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "tinynas/version.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::is_one_line;
using testing::run_cli;

TEST_CASE("a slip ends with exit code 2, one line on stderr and the nearest right word") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"mcu"}, "unknown command 'mcu' (did you mean 'mcus'?)"},
      {{"plam", "net.json"}, "unknown command 'plam' (did you mean 'plan'?)"},
      {{"-q", "spacse"}, "unknown command 'spacse' (did you mean 'spaces'?)"},
      {{"xyzzy"}, "unknown command 'xyzzy'; see `tinynas --help`"},
      {{"data"}, "data"},
      {{"data", "inspct", "x"}, "unknown command 'inspct' (did you mean 'inspect'?)"},
      {{"mcus", "lits"}, "unknown command 'lits' (did you mean 'list'?)"},
      {{"plan", "x", "--mcuu", "a"}, "unknown option '--mcuu' (did you mean '--mcu'?)"},
      {{"plan", "x", "--reserve_sram=3"}, "unknown option '--reserve_sram' (did you mean '--res"},
      {{"plan", "x", "--frobnicate"}, "unknown option '--frobnicate'; see `tinynas plan --help`"},
      {{"plan", "a", "b"}, "unexpected argument 'b'; see `tinynas plan --help`"},
      {{"plan"}, "network is required; see `tinynas plan --help`"},
      {{"plan", "x", "--mcu"}, "--mcu needs a value; see `tinynas plan --help`"},
      {{"plan", "x", "--mcu", "a", "--mcu", "b"}, "--mcu is given more than once"},
      {{"plan", "x", "--json=perhaps"}, "--json: 'perhaps' is not a value that it takes"},
      {{"mcus", "show"}, "name is required; see `tinynas mcus show --help`"},
      {{"mcus", "show", "stm32f764"}, "unknown MCU 'stm32f764' (did you mean 'stm32f746'?)"},
      {{"spaces", "show", "mcunett"}, "(did you mean 'mcunet'?)"},
      {{"completion", "bahs"}, "unknown shell 'bahs' (did you mean 'bash'?)"},
      {{"completion"}, "shell is required"}};
  for (const auto& [arguments, expected] : cases) {
    const CliResult result = run_cli(arguments);
    INFO(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("tinynas: error: "));
    CHECK(contains(result.err, expected));
    CHECK(is_one_line(result.err));
  }
}

TEST_CASE("help and version are results") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"plan", "--help"}, {"mcus", "show", "-h"}, {"plan", "x", "-h"}}) {
    const CliResult result = run_cli(arguments);
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(contains(result.out, "Usage: tinynas"));
  }
  CHECK(contains(run_cli({"plan", "--help"}).out, "3 it does not fit"));
  const CliResult shown = run_cli({"--version"});
  CHECK(shown.code == 0);
  CHECK(shown.out == version_details() + "\n");
  for (const char* key : {"tinynas: 0.", "compiler: ", "build: ", "features: ", "torch: "}) {
    CHECK(contains("\n" + shown.out, std::string("\n") + key));
  }
}

TEST_CASE("no command prints the help on stderr and ends with 2") {
  const CliResult result = run_cli({});
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(contains(result.err, "Usage: tinynas"));
}

TEST_CASE("a stdout that takes nothing is no success") {
  const CliResult result = run_cli({"mcus", "--json"}, {.stdout_path = "/dev/full"});
  CHECK(result.code == 1);
  CHECK(contains(result.err, "could not be written to stdout: No space left"));
  CHECK(is_one_line(result.err));
}

TEST_CASE("a reader that went away ends the program quietly") {
  const CliResult plain = run_cli({"mcus", "--json"}, {.closed_pipe = true});
  CHECK(plain.signal == SIGPIPE);
  const CliResult ignored =
      run_cli({"mcus", "--json"}, {.closed_pipe = true, .ignore_sigpipe = true});
  CHECK(ignored.code == 1);
  CHECK(ignored.err.empty());
}

TEST_CASE("no colour where stderr is no terminal") {
  CHECK_FALSE(contains(run_cli({"xyzzy"}).err, "\033"));
}
