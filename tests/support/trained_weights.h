#pragma once
// What a training left, compared bit for bit.

#include <torch/torch.h>

#include <string>

#include "catch.h"
#include "supernet/state_file.h"

namespace tinynas::testing {

/// Of OUT/supernet.pt.
inline NamedTensors weights_of(const std::string& out) {
  return read_state_file(out + "/supernet.pt", "tinynas-supernet", 1).tensors;
}

inline void check_equal(const NamedTensors& a, const NamedTensors& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].first);
    CHECK(a[i].first == b[i].first);
    CHECK(torch::equal(a[i].second, b[i].second));
  }
}

}  // namespace tinynas::testing
