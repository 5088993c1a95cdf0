#include "tinyengine/kernel_table.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <mutex>
#include <string_view>

#include "base/files.h"
#include "base/toml_reader.h"
#include "tinyengine/c_kernels.h"
#include "tinyengine/kernel_trips.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormatVersion = 1, kMostBytes = 1 << 24;

std::int32_t bytes_of(const TomlTable& table, const std::string& key) {
  return static_cast<std::int32_t>(table.get_int(key, 0, kMostBytes));
}

class TableReader {
 public:
  explicit TableReader(const std::string& path) : file_(TomlTable::load_file(path)) {}

  KernelTable read() {
    if (file_.get_int("format_version", 1, 1 << 20) != kFormatVersion) {
      file_.fail("format_version", "this program reads 1 only");
    }
    table_.core = file_.get_string("core");
    table_.compiler = file_.get_string("compiler");
    table_.flags = file_.get_strings("flags");
    read_functions();
    const TomlTable sizes = file_.get_table("sizeof");
    table_.tensor_bytes = bytes_of(sizes, "tn_tensor");
    table_.op_bytes = bytes_of(sizes, "tn_op");
    table_.segment_bytes = bytes_of(sizes, "tn_segment");
    table_.range_bytes = bytes_of(sizes, "tn_range");
    table_.output_bytes = bytes_of(sizes, "tn_output");
    table_.model_bytes = bytes_of(sizes, "tn_model");
    for (const CKernel& kernel : c_kernels()) {
      KernelCosts& costs = table_.kernels.emplace_back();
      const std::size_t index = function(kernel.function, file_, "function");
      link(index, costs.linked);
      costs.stack_bytes = stacks_[index];
      costs.layer_bytes = bytes_of(sizes, kernel.layer_type);
      if (kernel.add_row.empty()) continue;
      const std::size_t adder = function(kernel.add_row, file_, "function");
      link(adder, costs.linked);
      costs.add_row_stack_bytes = stacks_[adder];
    }
    sizes.finish();
    read_invoke();
    if (file_.has("instructions")) read_instructions(file_.get_table("instructions"));
    file_.finish();
    return std::move(table_);
  }

 private:
  void read_functions() {
    const std::vector<TomlTable> rows = file_.get_tables("function");
    if (rows.size() > LinkedSet::kMost) file_.fail("function", "has more than 256 rows");
    for (const TomlTable& row : rows) {
      const bool is_text = row.has("text");
      indices_[row.get_string("name")] = table_.functions.size();
      table_.functions.push_back(row.get_string("name"));
      table_.function_bytes.push_back(bytes_of(row, is_text ? "text" : "rodata"));
      stacks_.push_back(is_text ? bytes_of(row, "stack") : 0);
    }
    for (const TomlTable& row : rows) {
      std::vector<std::size_t>& uses = uses_.emplace_back();
      if (row.has("uses")) {
        for (const std::string& name : row.get_strings("uses")) {
          uses.push_back(function(name, row, "uses"));
        }
      }
      row.finish();
    }
  }

  void read_invoke() {
    for (const TomlTable& row : file_.get_tables("invoke")) {
      const InputMode mode = parse_input_mode(row.get_string("input"), row.location("input"));
      InvokeCosts& costs = table_.invoke[static_cast<std::size_t>(mode)];
      link(function(row.get_string("function"), row, "function"), costs.linked);
      costs.row_stack_bytes = bytes_of(row, "row");
      costs.whole_stack_bytes = bytes_of(row, "whole");
      costs.add_row_stack_bytes = bytes_of(row, "add_row");
      costs.stack_bytes = bytes_of(row, "stack");
      row.finish();
    }
    for (const InvokeCosts& costs : table_.invoke) {
      if (costs.stack_bytes == 0) file_.fail("invoke", "needs resident, rows and external");
    }
  }

  /// A table for each family of trips. A trip that the file leaves out was never met.
  void read_instructions(const TomlTable& table) {
    constexpr double kMost = 1e6;
    table_.instruction_error = table.get_number("error", 0, 1);
    table_.instructions.assign(kTripKinds, 0);
    for (std::size_t trip = 0; trip < kTripKinds;) {
      const std::string_view name = kTripNames[trip].family;
      const TomlTable family = table.get_table(std::string(name));
      for (; trip < kTripKinds && kTripNames[trip].family == name; ++trip) {
        table_.instructions[trip] = family.number_or(kTripNames[trip].name, 0, -kMost, kMost);
      }
      family.finish();
    }
    table.finish();
  }

  std::size_t function(const std::string& name, const TomlTable& row, const std::string& key) {
    const auto found = indices_.find(name);
    if (found == indices_.end()) {
      row.fail(key, "there is no function '" + name + "'; run scripts/kernel_table");
    }
    return found->second;
  }

  void link(std::size_t index, LinkedSet& set) {
    if (set.has(index)) return;
    set.add(index);
    for (const std::size_t next : uses_[index]) link(next, set);
  }

  TomlTable file_;
  KernelTable table_;
  std::map<std::string, std::size_t> indices_;
  std::vector<std::vector<std::size_t>> uses_;
  std::vector<std::int32_t> stacks_;
};

/// The core with a table whose instructions a core without one shares for the most part.
std::string nearest_core(const std::string& core) {
  const std::map<std::string, std::string> nearest = {{"Cortex-M1", "Cortex-M0"},
                                                      {"Cortex-M23", "Cortex-M0+"},
                                                      {"Cortex-M35P", "Cortex-M33"},
                                                      {"Cortex-M52", "Cortex-M55"},
                                                      {"Cortex-M85", "Cortex-M55"}};
  const auto found = nearest.find(core);
  return found == nearest.end() ? kDefaultCore : found->second;
}

fs::path table_path(const std::string& core) {
  return fs::path(data_dir()) / "configs" / "kernels" / core_file_name(core);
}

}  // namespace

std::int64_t LinkedSet::sum(const std::vector<std::int32_t>& bytes) const {
  std::int64_t total = 0;
  for (std::size_t w = 0; w < words_.size(); ++w) {
    for (std::uint64_t left = words_[w]; left != 0; left &= left - 1) {
      total += bytes[64 * w + static_cast<std::size_t>(std::countr_zero(left))];
    }
  }
  return total;
}

std::int64_t KernelTable::stack_bytes(InputMode input, std::size_t k, int turning) const {
  const InvokeCosts& calls = invoke[static_cast<std::size_t>(input)];
  const CKernel& kernel = c_kernels()[k];
  std::int32_t before = kernel.whole ? calls.whole_stack_bytes : calls.row_stack_bytes;
  std::int32_t before_adding = calls.add_row_stack_bytes;
  if (turning >= 0) {
    before += kernels[static_cast<std::size_t>(turning)].stack_bytes;
    before_adding += kernels[static_cast<std::size_t>(turning)].add_row_stack_bytes;
  }
  std::int32_t most = std::max(calls.stack_bytes, before + kernels[k].stack_bytes);
  if (!kernel.add_row.empty()) {
    most = std::max(most, before_adding + kernels[k].add_row_stack_bytes);
  }
  return most;
}

std::int64_t KernelTable::most_stack_bytes() const {
  std::int64_t most = 0;
  Op any;  // kernels that write wide rows count as if they did not
  any.kind = OpKind::kAdd;
  for (std::size_t mode = 0; mode < invoke.size(); ++mode) {
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      const OpRows turned{!c_kernels()[k].add_row.empty(), false, true};
      const int turning = c_kernels()[k].whole ? -1 : find_turning_kernel(any, turned);
      most = std::max(most, stack_bytes(static_cast<InputMode>(mode), k, turning));
    }
  }
  return most;
}

KernelTable load_kernel_table(const std::string& path) { return TableReader(path).read(); }

std::string core_file_name(const std::string& core) {
  std::string name;
  for (const char c : core) {
    if (c == '+') {
      name += "plus";
    } else if (c != '/') {
      name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
  }
  return name + ".toml";
}

std::shared_ptr<const KernelTable> find_kernel_table(const std::string& core) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const KernelTable>> tables;
  std::error_code error;
  fs::path path = table_path(core);
  if (!fs::exists(path, error)) path = table_path(nearest_core(core));
  const std::lock_guard lock(mutex);
  std::shared_ptr<const KernelTable>& table = tables[path.string()];
  if (!table) table = std::make_shared<const KernelTable>(load_kernel_table(path.string()));
  return table;
}

}  // namespace tinynas
