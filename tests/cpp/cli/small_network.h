#pragma once

namespace tinynas::testing {

/// A layer table of two operators: 8x8x1, a 3x3 convolution to 4x4x2, a 1x1 convolution to 4x4x3.
inline constexpr const char* kSmallNetwork = R"({"name": "small", "layers": [
  {"i": 0, "op": "conv2d", "k": 3, "stride": 2, "pad": 1,
   "inputs": [-1], "in": [8, 8, 1], "out": [4, 4, 2]},
  {"i": 1, "op": "conv2d", "k": 1, "stride": 1, "pad": 0,
   "inputs": [0], "in": [4, 4, 2], "out": [4, 4, 3]}]})";

}  // namespace tinynas::testing
