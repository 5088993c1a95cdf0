#pragma once
// Int8 C of a network, executing its memory plan: one static arena, literal offsets, no heap, no
// interpreter.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"
#include "tinynas/preprocessing.h"

namespace tinynas {

struct GeneratedFile {
  std::string name;  ///< "model.h", or with folders before it: "src/model.h"
  std::string content;
};

/// Top-1 accuracies of a network, 0 to 1; none: not known.
struct ReportedAccuracy {
  std::optional<double> validation, test;            ///< in floats
  std::optional<double> validation_int8, test_int8;  ///< as it is exported
};

/// What a user of the network needs to know; never influences what is computed.
struct CodeLabels {
  std::string network;  ///< name or id, one printable line without "*/"
  ModelLabels model;
  ReportedAccuracy accuracy;
};

/// C99 for `graph`, quantised, under `plan`, which is its plan under RuntimeRules::kTinyNas. The
/// files: model.h (API, sizes, quantisation), model.c (arena and layers), weights.h and weights.c,
/// the driver and the kernels that the network needs. The arena has exactly plan.peak_sram_bytes.
/// Throws BadInput with `source` where the graph is not quantised, Error with kUnsupportedOperator
/// for operators without a C kernel, all of them listed.
std::vector<GeneratedFile> generate_c(const Graph& graph, const MemoryPlan& plan,
                                      const CodeLabels& labels, const std::string& source);

/// A folder for any build system: the files of generate_c, LICENSE.txt, MODEL_CARD.md,
/// CMakeLists.txt (library tinynas_model) and example/main.c, which classifies an image on the
/// host. Throws as generate_c.
std::vector<GeneratedFile> c_library(const Graph& graph, const MemoryPlan& plan,
                                     const CodeLabels& labels, const std::string& source);

/// A library for the Arduino IDE: library.properties, src/, examples/classify/classify.ino,
/// LICENSE.txt, MODEL_CARD.md. Throws as generate_c.
std::vector<GeneratedFile> arduino_library(const Graph& graph, const MemoryPlan& plan,
                                           const CodeLabels& labels, const std::string& source);

/// What a board project is linked for.
struct ProjectTarget {
  Mcu mcu;
  std::int64_t ram_bytes = 0;    ///< of the largest run, from its base
  std::int64_t flash_bytes = 0;  ///< from Mcu::flash_base
  std::int64_t stack_bytes = 0;  ///< more is taken where network and main need more
};

/// Throws BadInput where no board project can be made for a part: it has no core that we compile
/// for, or it starts from elsewhere than internal flash.
void check_project_part(const Mcu& mcu);

/// Bare-metal firmware that `make` builds: start-up, linker script with the part's regions, a main
/// that runs and times an inference and compares its output with the host's; the files of
/// generate_c in model/. Throws as generate_c and check_project_part; BadInput for
/// InputMode::kExternal.
std::vector<GeneratedFile> board_project(const Graph& graph, const MemoryPlan& plan,
                                         const CodeLabels& labels, const ProjectTarget& target,
                                         const std::string& source);

}  // namespace tinynas
