// Runtime files: configs/runtimes/NAME.toml, or one of the user's own.

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/toml_reader.h"
#include "tinyengine/kernel_table.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxAlignment = 1024;

fs::path runtime_folder() { return fs::path(data_dir()) / "configs" / "runtimes"; }

RuntimeRules rules_named(const TomlTable& table, const std::string& name) {
  if (name == "tinynas") return RuntimeRules::kTinyNas;
  if (name == "tinyengine") return RuntimeRules::kTinyEngine;
  if (name == "tflm") return RuntimeRules::kTflm;
  const std::vector<std::string> known = {"tinynas", "tinyengine", "tflm"};
  table.fail("rules", "'" + name + "' is unknown" + did_you_mean(name, known) +
                          "; known: tinynas, tinyengine, tflm");
}

/// Flash and stack: measured kernels of ours, unless the file has numbers of its own.
void read_code(const TomlTable& table, const std::string& core, RuntimeModel& runtime) {
  const bool own = runtime.rules != RuntimeRules::kTinyNas || table.has("code") ||
                   table.has("stack") || table.has("code_is_estimate");
  if (own) {
    runtime.code_bytes = table.get_bytes("code");
    runtime.stack_bytes = table.get_bytes("stack");
    runtime.code_is_estimate = table.bool_or("code_is_estimate", true);
    return;
  }
  runtime.kernels = find_kernel_table(core);
  runtime.code_is_estimate = runtime.kernels->core != core;
  runtime.stack_bytes = runtime.kernels->most_stack_bytes();
}

RuntimeModel load_runtime_file(const std::string& path, const std::string& core) {
  const TomlTable table = TomlTable::load_file(path);
  RuntimeModel runtime;
  runtime.name = fs::path(path).stem().string();
  runtime.core = core;
  runtime.rules = rules_named(table, table.get_string("rules"));
  runtime.tensor_alignment_bytes = table.get_bytes("tensor_alignment");
  const std::int64_t alignment = runtime.tensor_alignment_bytes;
  if (alignment < 1 || alignment > kMaxAlignment || (alignment & (alignment - 1)) != 0) {
    table.fail("tensor_alignment", "must be a power of two from 1 to 1024 bytes");
  }
  read_code(table, core, runtime);
  runtime.runtime_bytes = table.get_bytes("statics");
  if (table.has("statics_per_tensor")) {
    runtime.tensor_statics_bytes = table.get_bytes("statics_per_tensor");
  }
  if (table.has("statics_per_input")) {
    runtime.input_statics_bytes = table.get_bytes("statics_per_input");
  }
  table.finish();
  return runtime;
}

}  // namespace

std::vector<std::string> list_runtimes() {
  const fs::path folder = runtime_folder();
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

RuntimeModel find_runtime(const std::string& name_or_path, const std::string& core) {
  if (name_or_path.ends_with(".toml")) return load_runtime_file(name_or_path, core);
  const auto names = list_runtimes();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    throw BadInput("unknown runtime '" + name_or_path + "'" + did_you_mean(name_or_path, names) +
                   "; known: " + known + ", or a path that ends in .toml");
  }
  return load_runtime_file((runtime_folder() / (name_or_path + ".toml")).string(), core);
}

}  // namespace tinynas
