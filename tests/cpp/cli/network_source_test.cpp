#include "cli/network_source.h"

#include <filesystem>

#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;
using testing::TemporaryFolder;

namespace {

/// A run directory as a search leaves it, step by step.
struct SomeRun {
  TemporaryFolder parent;
  std::string folder = parent.file("board-seed0");

  SomeRun() { std::filesystem::create_directories(folder + "/best"); }
  void write(const std::string& name, const std::string& content) const {
    parent.write("board-seed0/" + name, content);
  }
  std::string error() const {
    return bad_input([&] { find_network(folder); });
  }
};

}  // namespace

TEST_CASE("a file is a network of its stem's name") {
  const TemporaryFolder folder;
  const NetworkSource source = find_network(folder.write("person-detect.tflite", "any"));
  CHECK(source.file == folder.file("person-detect.tflite"));
  CHECK(source.name == "person-detect");
  CHECK(source.run.empty());
  const std::string missing = bad_input([&] { find_network(folder.file("lost")); });
  CHECK(missing == folder.file("lost") + ": there is no such file or run directory");
}

TEST_CASE("a run directory is its winner's model, or says why it has none") {
  const SomeRun run;
  CHECK(contains(run.error(), "is no run directory (it has no run.json)"));
  run.write("run.json", "{\"format\": \"tinynas-run\", \"format_version\": 2}");
  CHECK(contains(run.error(), "run.json"));
  run.write("run.json", "{\"format\": \"tinynas-run\", \"format_version\": 1}");
  CHECK(contains(run.error(), "the search has not ended"));
  run.write("checkpoint.json", "{\"finished\": false}");
  CHECK(contains(run.error(), "the search has not ended"));
  run.write("checkpoint.json", "{\"finished\": true}");
  CHECK(contains(run.error(), "nothing fitted the budget"));
  run.write("best/subnet.json", "{}");
  CHECK(contains(run.error(), "has no int8 model (best/model.tflite)"));
  run.write("best/model.tflite", "any");
  for (const char* spelling : {"", "/", "/.", "/../board-seed0"}) {
    const NetworkSource source = find_network(run.folder + spelling);
    CHECK(std::filesystem::equivalent(source.file, run.folder + "/best/model.tflite"));
    CHECK(source.name == "board-seed0");
    CHECK(source.run == run.folder + spelling);
  }
}
