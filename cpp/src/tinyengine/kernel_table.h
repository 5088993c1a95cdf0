#pragma once
// What the C kernels take on one core in flash and on the stack, from configs/kernels/CORE.toml,
// which scripts/kernel_table measures.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tinynas/memory_plan.h"

namespace tinynas {

/// Functions and constants of a table that are linked together, by index.
class LinkedSet {
 public:
  static constexpr std::size_t kMost = 256;
  void add(std::size_t index) { words_[index / 64] |= std::uint64_t{1} << (index % 64); }
  bool has(std::size_t index) const { return (words_[index / 64] >> (index % 64) & 1) != 0; }
  void add(const LinkedSet& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] |= other.words_[w];
  }
  /// Leaves the members that `other` has, too.
  void intersect(const LinkedSet& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= other.words_[w];
  }
  /// Sum of what `bytes` holds for the members.
  std::int64_t sum(const std::vector<std::int32_t>& bytes) const;

 private:
  std::array<std::uint64_t, kMost / 64> words_{};
};

/// One row of c_kernels(), in bytes.
struct KernelCosts {
  LinkedSet linked;              ///< with all that it calls, and its add_row
  std::int32_t layer_bytes = 0;  ///< its descriptor
  std::int32_t stack_bytes = 0;  ///< itself and all that it calls
  std::int32_t add_row_stack_bytes = 0;
};

/// tinynas_invoke for one InputMode, in bytes: its stack up to the call of a kernel.
struct InvokeCosts {
  LinkedSet linked;
  std::int32_t row_stack_bytes = 0;    ///< of a kernel that writes rows
  std::int32_t whole_stack_bytes = 0;  ///< of one that runs once
  std::int32_t add_row_stack_bytes = 0;
  std::int32_t stack_bytes = 0;  ///< deepest that calls no kernel
};

struct KernelTable {
  std::string core;      ///< "Cortex-M7"
  std::string compiler;  ///< "arm-none-eabi-gcc 12.2.1"
  std::vector<std::string> flags;
  std::vector<std::string> functions;        ///< names, as in the file
  std::vector<std::int32_t> function_bytes;  ///< of flash
  std::vector<KernelCosts> kernels;          ///< as c_kernels()
  std::array<InvokeCosts, 3> invoke;         ///< by InputMode
  /// sizeof of what a model's plan is made of.
  std::int32_t tensor_bytes = 0, op_bytes = 0, segment_bytes = 0, range_bytes = 0, output_bytes = 0,
               model_bytes = 0;

  std::vector<double> instructions;  ///< of each Trip; empty: not measured
  double instruction_error = 0;      ///< relative, the most on networks that were not fitted

  /// Stack of tinynas_invoke down into kernel `k`, called by `turning` (-1: by the driver), see
  /// find_turning_kernel.
  std::int64_t stack_bytes(InputMode input, std::size_t k, int turning = -1) const;
  /// The most over all kernels and ways of input.
  std::int64_t most_stack_bytes() const;
};

/// "cortex-m0plus.toml" of "Cortex-M0+": what a core's data file is called.
std::string core_file_name(const std::string& core);

/// "Cortex-M7": the core of a part as Mcu::core has it, or its name alone. The table of that core,
/// or of the one nearest to it that has one (see KernelTable::core). Each file is read once.
/// Throws BadInput that names file, line and key for a bad one.
std::shared_ptr<const KernelTable> find_kernel_table(const std::string& core);

/// A table file. Throws BadInput that names file, line and key.
KernelTable load_kernel_table(const std::string& path);

}  // namespace tinynas
