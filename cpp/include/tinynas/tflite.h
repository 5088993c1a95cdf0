#pragma once
// int8 networks from TensorFlow Lite files, and files written anew with a memory plan inside.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/preprocessing.h"

namespace tinynas {

/// A network as its `.tflite` file has it, and as our kernels run it.
struct TfliteNetwork {
  /// QUANTIZE at the input and DEQUANTIZE at the output are the caller's (the network reads and
  /// writes int8); PAD is the padding of the convolutions that read it, where that is equal;
  /// RESHAPE is gone where no kernel sees the difference.
  Graph graph;
  /// Operator by operator what the interpreter runs. Tensors are in the order of the file.
  Graph interpreter_graph;
  /// For each tensor of interpreter_graph its index in the file.
  std::vector<std::int32_t> file_tensors;
  std::int32_t file_tensor_count = 0;  ///< constants included
  /// What `graph` leaves out, for people: "QUANTIZE at the input", "3 PAD folded", ...
  std::vector<std::string> left_out;
  ModelLabels labels;  ///< as encode_tflite wrote them; of other files the description alone
};

/// A quantised graph as a `.tflite` file that LiteRT and TensorFlow Lite Micro run: the bytes of
/// the file. Where the format's paddings cannot say what a window has, a PAD stands before it,
/// which parse_tflite folds again. Labels are kept as metadata "TINYNAS_PREPROCESSING", a JSON.
/// `graph` is valid and quantised (validate_quantised), its ops
/// those that lower() makes; throws Error with kUnsupportedOperator for others.
std::string encode_tflite(const Graph& graph, const ModelLabels& labels);

/// By name (".tflite") or content.
bool is_tflite(const std::string& path, std::string_view content);

/// Reads `content`, the bytes of the file `path`. Throws BadInput in one line that names the file
/// and, within it, the operator or tensor where it is malformed; Error with kUnsupportedOperator
/// that lists every operator that no kernel of ours implements, with its position and the reason.
TfliteNetwork parse_tflite(std::string_view content, const std::string& path);

/// The file with metadata "OfflineMemoryAllocation": TensorFlow Lite Micro's interpreter places
/// tensor t of the file at offset_bytes[t] of its arena's head (-1: as it likes; one entry a tensor
/// of the file). Everything else is kept byte by byte; a plan that the file had is replaced.
/// `content` is a file that parse_tflite accepts. Throws BadInput with `path` as there.
std::string with_offline_plan(std::string_view content, const std::string& path,
                              const std::vector<std::int32_t>& offset_bytes);

}  // namespace tinynas
