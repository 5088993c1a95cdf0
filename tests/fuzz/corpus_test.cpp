#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "catch.h"
#include "entry_points.h"
#include "errors.h"
#include "invariant.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

using namespace tinynas;
namespace fs = std::filesystem;

namespace {

const std::string kCorpus = TINYNAS_SOURCE_DIR "/tests/fuzz/corpus/";

std::vector<std::string> corpus(const std::string& format) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(kCorpus + format)) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void run_corpus(const std::string& format, void (*read)(std::string_view)) {
  const std::vector<std::string> paths = corpus(format);
  REQUIRE(paths.size() > 5);
  for (const std::string& path : paths) {
    INFO(path);
    CHECK_NOTHROW(read(read_file(path)));
  }
}

std::string finding_of(const std::string& message, const std::string& path) {
  try {
    fuzzing::check_message(message, path);
  } catch (const fuzzing::Finding& finding) {
    return finding.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every .tflite file of the corpus is read or refused in one line") {
  run_corpus("tflite", fuzzing::read_tflite);
}

TEST_CASE("every TOML file of the corpus is read or refused in one line") {
  run_corpus("toml", fuzzing::read_toml);
}

TEST_CASE("every JSON file of the corpus is read or refused in one line") {
  run_corpus("json", fuzzing::read_json);
}

TEST_CASE("the seeds reach behind the readers: every kind of operator, board, runtime, space") {
  std::set<OpKind> kinds;
  for (const char* name : {"classifier", "attention", "heads", "constants"}) {
    const std::string path = kCorpus + "tflite/" + name + ".tflite";
    for (const Op& op : parse_tflite(read_file(path), path).interpreter_graph.ops) {
      kinds.insert(op.kind);
    }
  }
  CHECK(kinds.size() == static_cast<std::size_t>(OpKind::kDequantize) + 1);
  CHECK_NOTHROW(load_mcu_file(kCorpus + "toml/board.toml"));
  CHECK_NOTHROW(find_runtime(kCorpus + "toml/runtime_tflm.toml"));
  CHECK_NOTHROW(SearchSpace::load_file(kCorpus + "toml/space_toy.toml"));
  CHECK_NOTHROW(read_layer_table(kCorpus + "json/layers.json"));
  CHECK_NOTHROW(find_space_of_subnet(kCorpus + "json/subnet.json"));
}

TEST_CASE("what a .tflite file may name again and again has a limit") {
  const std::string path = kCorpus + "tflite/fault_many_axes.tflite";
  CHECK(testing::bad_input([&] { parse_tflite(read_file(path), path); }) ==
        path + ": tensor 0 has 300 axes; at most 8 are read");
  const std::string inputs = kCorpus + "tflite/fault_many_inputs.tflite";
  CHECK(testing::bad_input([&] { parse_tflite(read_file(inputs), inputs); }) ==
        inputs + ": operator 0 (CONCATENATION) has 1025 inputs or outputs; at most 1024 are read");
}

TEST_CASE("a message is one printable line that names its file") {
  CHECK(finding_of("f.toml:1: gr\xC3\xB6\xC3\x9F"
                   "e: is missing",
                   "f.toml")
            .empty());
  CHECK_FALSE(finding_of("f.toml: is missing", "g.toml").empty());
  for (const char* bytes : {"\n", "\t", "\x1b[31m", "\x7f", "\xC2\x85", "\xE2\x80\xA8", "\xFF",
                            "\xC3", "\xE2\x28\xA1"}) {
    CHECK_FALSE(finding_of("f.toml: '" + std::string(bytes) + "'", "f.toml").empty());
  }
}
