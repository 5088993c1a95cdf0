// Folders around a network's C: for any build system, and for the Arduino IDE.

#include <algorithm>
#include <cctype>

#include "codegen/c_text.h"
#include "codegen/features_emitter.h"
#include "codegen/library_source.h"
#include "codegen/model_card.h"
#include "tinyengine/kernel_table.h"
#include "tinynas/codegen.h"

namespace tinynas {
namespace {

std::string source_lines(const std::vector<GeneratedFile>& files) {
  std::string text;
  for (const GeneratedFile& file : files) {
    if (file.name.ends_with(".c")) text += (text.empty() ? "  " : "\n  ") + file.name;
  }
  return text;
}

/// The compiler's flags as the kernels were measured, less those that choose a core and a language.
std::string portable_flags() {
  std::string text;
  for (const std::string& flag : find_kernel_table(kDefaultCore)->flags) {
    if (flag.starts_with("-m") || flag.starts_with("-std")) continue;
    text += (text.empty() ? "" : " ") + flag;
  }
  return text;
}

/// Of letters, digits and underscores, as the Arduino IDE wants the names of libraries.
std::string arduino_name(const std::string& network) {
  std::string name = "tinynas_" + network;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name.substr(0, 63);
}

/// The network's C and, of one for recordings, its front end.
std::vector<GeneratedFile> model_files(const Graph& graph, const MemoryPlan& plan,
                                       const CodeLabels& labels, const std::string& source) {
  std::vector<GeneratedFile> files = generate_c(graph, plan, labels, source);
  if (labels.model.audio) {
    for (GeneratedFile& file : emit_features(*labels.model.audio)) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::vector<GeneratedFile> c_library(const Graph& graph, const MemoryPlan& plan,
                                     const CodeLabels& labels, const std::string& source) {
  std::vector<GeneratedFile> files = model_files(graph, plan, labels, source);
  const std::string libraries =
      labels.model.audio ? "target_link_libraries(tinynas_model PUBLIC m)  # log10f\n" : "";
  files.push_back({"CMakeLists.txt", fill_template(library_source("CMakeLists.txt"),
                                                   {{"SOURCES", source_lines(files)},
                                                    {"FLAGS", portable_flags()},
                                                    {"LIBRARIES", libraries}})});
  files.push_back({"example/main.c", library_source("main.c")});
  files.push_back({"MODEL_CARD.md", model_card(graph, plan, labels)});
  files.push_back({"LICENSE.txt", library_source("LICENSE.txt")});
  return files;
}

std::vector<GeneratedFile> arduino_library(const Graph& graph, const MemoryPlan& plan,
                                           const CodeLabels& labels, const std::string& source) {
  std::vector<GeneratedFile> files = model_files(graph, plan, labels, source);
  for (GeneratedFile& file : files) file.name = "src/" + file.name;
  files.push_back({"src/tinynas_model.h", library_source("tinynas_model.h")});
  files.push_back({"examples/classify/classify.ino", library_source("classify.ino")});
  files.push_back(
      {"library.properties", fill_template(library_source("library.properties"),
                                           {{"NAME", arduino_name(labels.network)},
                                            {"ARENA", std::to_string(plan.peak_sram_bytes)},
                                            {"NETWORK", labels.network}})});
  files.push_back({"MODEL_CARD.md", model_card(graph, plan, labels)});
  files.push_back({"LICENSE.txt", library_source("LICENSE.txt")});
  return files;
}

}  // namespace tinynas
