#pragma once
// What the processes of a group do together: c10d's collective operations on one flat tensor.

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json_io.h"
#include "supernet/elastic_network.h"
#include "tinynas/process_group.h"

namespace tinynas {

/// Every process calls the same members in the same order; each returns when all have called it.
/// Alone, they do nothing. All throw Error when another process has ended or does not answer within
/// the group's time limit.
class Collectives {
 public:
  /// Throws BadInput when torch does not know the group.
  Collectives(const ProcessGroup& group, torch::Device device);
  ~Collectives();
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;

  bool leads() const { return group_.leads(); }
  bool alone() const { return group_.size == 1; }

  /// Sums float tensors and numbers over the processes, in place, as one flat float tensor.
  void sum(const std::vector<torch::Tensor>& tensors, std::vector<double>& numbers) const;
  /// Gives all processes the leader's values of float tensors.
  void share(const NamedTensors& tensors) const;
  /// Returns the leader's JSON.
  Json share(const Json& value) const;
  /// Returns when all are here.
  void meet() const;
  /// Throws BadInput naming the first field that is not as the leader has it, in every process when
  /// it is so in one.
  void check_equal(const Json& recipe) const;
  /// What all processes are about to throw: the leader's message, empty in the others, which end
  /// without a word.
  std::string said_once(const std::string& message) const { return leads() ? message : ""; }

 private:
  struct Backend;
  ProcessGroup group_;
  torch::Device device_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace tinynas
