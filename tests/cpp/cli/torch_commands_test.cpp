#include "catch.h"
#include "errors.h"
#include "run_cli.h"
#include "temporary_folder.h"
#include "tinynas/version.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::run_cli;

TEST_CASE("commands that need weights exist in every build") {
  const std::string help = run_cli({"--help"}).out;
  const testing::TemporaryFolder folder;
  const std::string config = folder.write("a.toml", "data = \"/none\"\n");
  const std::string tables = folder.write("b.toml", "[train]\nout = \"x\"\n");
  const bool with_torch = !contains(version_details(), "torch: not built in");
  for (const char* name : {"train", "eval"}) {
    INFO(name);
    CHECK(contains(help, std::string("\n  ") + name + " "));
    if (with_torch) continue;
    for (const CliResult& result :
         {run_cli({name}), run_cli({name, "--data", "/none", "-x", "word"}),
          run_cli({"--config", config, name}), run_cli({name, "--data=/none"})}) {
      CHECK(result.code == 2);
      CHECK(result.out.empty());
      CHECK(contains(result.err, "needs torch"));
      CHECK(contains(result.err, "./scripts/setup"));
      CHECK(testing::is_one_line(result.err));
    }
    CHECK(run_cli({"mcus", "--config", tables}).code == 0);
  }
}
