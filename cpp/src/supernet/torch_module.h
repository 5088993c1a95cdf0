#pragma once
// A run's winner for people who go on in PyTorch: a module to read, and its weights.

#include <string>

namespace tinynas {

struct TorchModule {
  std::string source;  ///< model.py: needs torch alone
  std::string
      state_dict;  ///< state_dict.pt: tensors only, as torch.load(weights_only=True) takes it
};

/// `weights_path`: best/weights.pt of a run (float, BN folded); `subnet_path`: its
/// best/subnet.json. Throws BadInput where one of them is missing, damaged, newer, or not of the
/// other's network.
TorchModule torch_module(const std::string& weights_path, const std::string& subnet_path);

}  // namespace tinynas
