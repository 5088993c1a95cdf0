#pragma once
// Runs a quantised graph on the host, op by op, with the integer arithmetic of TensorFlow Lite's
// reference kernels: what the generated C computes, bit for bit.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// Throws BadInput with `source` (a file name) and the first op that cannot be run: weights or
/// scales that are missing or do not fit the shapes.
void validate_quantised(const Graph& graph, const std::string& source);

/// Immutable once made, so any number of threads may run it at once.
class Int8Interpreter {
 public:
  /// Throws as validate_quantised.
  Int8Interpreter(const Graph& graph, const std::string& source);
  ~Int8Interpreter();
  Int8Interpreter(Int8Interpreter&&) noexcept;
  Int8Interpreter& operator=(Int8Interpreter&&) noexcept;

  std::int64_t input_bytes()
      const;  ///< of one image: graph.input, NHWC, as the tensor's type has it
  std::int64_t output_bytes() const;  ///< of graph.output and more_outputs, one after another

  /// `inputs`: images of input_bytes() each; `outputs`: as many of output_bytes(). Images run side
  /// by side on all cores (TBB).
  void run(std::span<const std::int8_t> inputs, std::span<std::int8_t> outputs) const;
  /// One image, on the calling thread.
  std::vector<std::int8_t> run_one(std::span<const std::int8_t> input) const;

 private:
  class Program;
  std::unique_ptr<const Program> program_;
};

}  // namespace tinynas
