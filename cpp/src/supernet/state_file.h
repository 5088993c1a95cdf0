#pragma once
// Files of tensors with a JSON head (a torch archive): supernets, training checkpoints, extracted
// subnets.

#include <torch/torch.h>

#include <string>

#include "base/json_io.h"
#include "supernet/elastic_network.h"

namespace tinynas {

struct StateFile {
  Json metadata;  ///< holds "format" and "format_version"
  NamedTensors tensors;
  std::uint64_t file_hash = 0;  ///< hash_bytes of the file that it was read from

  /// Throws BadInput "PATH: ..." when no tensor has this name or its shape differs.
  const torch::Tensor& tensor(const std::string& name, at::IntArrayRef shape,
                              const std::string& path) const;
};

/// Temporary file, then rename. Tensors are written as they lie on the CPU.
void write_state_file(const StateFile& state, const std::string& path);
/// Throws BadInput when the file is missing, damaged, of another format or newer than
/// `newest_version`.
StateFile read_state_file(const std::string& path, const char* format, int newest_version);

}  // namespace tinynas
