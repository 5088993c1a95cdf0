// Runtime files: configs/runtimes/NAME.toml, or one of the user's own.

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/toml_reader.h"
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

RuntimeModel load_runtime_file(const std::string& path) {
  const TomlTable table = TomlTable::load_file(path);
  RuntimeModel runtime;
  runtime.name = fs::path(path).stem().string();
  runtime.rules = rules_named(table, table.get_string("rules"));
  runtime.tensor_alignment_bytes = table.get_bytes("tensor_alignment");
  const std::int64_t alignment = runtime.tensor_alignment_bytes;
  if (alignment < 1 || alignment > kMaxAlignment || (alignment & (alignment - 1)) != 0) {
    table.fail("tensor_alignment", "must be a power of two from 1 to 1024 bytes");
  }
  runtime.code_bytes = table.get_bytes("code");
  runtime.code_is_estimate = table.bool_or("code_is_estimate", true);
  runtime.runtime_bytes = table.get_bytes("statics");
  if (table.has("statics_per_tensor")) {
    runtime.tensor_statics_bytes = table.get_bytes("statics_per_tensor");
  }
  runtime.stack_bytes = table.get_bytes("stack");
  if (table.has("stack_per_input")) {
    runtime.input_stack_bytes = table.get_bytes("stack_per_input");
  }
  for (const TomlTable& kernel : table.get_tables("kernel")) {
    runtime.kernel_code.push_back({kernel.get_string("name"), kernel.get_bytes("code")});
    kernel.finish();
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

RuntimeModel find_runtime(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) return load_runtime_file(name_or_path);
  const auto names = list_runtimes();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    throw BadInput("unknown runtime '" + name_or_path + "'" + did_you_mean(name_or_path, names) +
                   "; known: " + known + ", or a path that ends in .toml");
  }
  return load_runtime_file((runtime_folder() / (name_or_path + ".toml")).string());
}

}  // namespace tinynas
