#pragma once
// A quantised graph as plain data: what is handed over to programs in other languages.
//
//   format, format_version     "tinynas-graph", 1
//   name
//   tensors[]    name, shape [rows, columns, channels], dtype ("int8", "uint8", "float32"), scale,
//                zero_point: a value q stands for scale * (q - zero_point); float32 for itself
//   input, outputs[]           places in tensors
//   operators[]  in execution order: name, kind (op_kind_name), inputs[], output
//
// and of an operator, where its kind has it (OpConstants says how values are ordered):
//
//   kernel [rows, columns], stride, padding [top, left, bottom, right], axis (0 rows, 1 columns, 2
//   channels), weights[], weight_scales[], weight_zero_point, bias[], output_range [lowest,
//   highest] (of the fused activation, quantised), beta, permutation [3], source_rows[] and
//   source_columns[] (resize_nearest: which of the input's each of the output's is)

#include <string>

#include "base/json_io.h"
#include "tinynas/graph.h"

namespace tinynas {

/// `graph` is quantised; `source` names its file. Throws as validate_quantised.
Json graph_json(const Graph& graph, const std::string& name, const std::string& source);

}  // namespace tinynas
