#pragma once
// The processes that train one network together.

#include <string>

namespace tinynas {

/// A process group of torch.distributed, which Python made (`tinynas.train`). Without a name this
/// process is alone.
struct ProcessGroup {
  std::string name;
  int rank = 0, size = 1;
  int local_rank = 0;  ///< on its machine: the number of its GPU
  /// Writes all files and speaks for all.
  bool leads() const { return rank == 0; }
};

}  // namespace tinynas
