#pragma once
// One operator of a `.tflite` file as an operator of a graph.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/tflite_file.h"
#include "tinynas/graph.h"

namespace tinynas {

/// Why an operator cannot be run; caught where the list of them is made.
struct UnsupportedOperator {
  std::string reason;  ///< empty: there is no kernel of that name
};

struct TfliteOp {
  Op op;                               ///< kind, window, axis, bytes of a constant operand
  std::vector<std::int32_t> operands;  ///< the file's tensors that it reads and that are computed
};

/// The format has any number of axes, the first of them the batch; kernels see rows, columns and
/// channels. What they cannot see so is refused by read_operator().
Shape hwc(const TfliteTensor& tensor);

/// Throws BadInput that names file, operator and what is wrong with it.
[[noreturn]] void fail_operator(const TfliteFile& file, std::size_t index,
                                const std::string& message, const std::string& path);

/// Throws UnsupportedOperator, or BadInput where the operator contradicts itself or its tensors.
TfliteOp read_operator(const TfliteFile& file, std::size_t index, const std::string& path);

}  // namespace tinynas
