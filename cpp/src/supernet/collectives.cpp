#include "supernet/collectives.h"

#include <cstring>
#include <functional>
#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>

#include "tinynas/error.h"

namespace tinynas {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

torch::Tensor flatten(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& tensor : tensors) parts.push_back(tensor.reshape({-1}));
  return torch::cat(parts);
}

void copy_back(const torch::Tensor& bucket, const std::vector<torch::Tensor>& tensors) {
  std::int64_t at = 0;
  for (const torch::Tensor& tensor : tensors) {
    tensor.copy_(bucket.narrow(0, at, tensor.numel()).view(tensor.sizes()));
    at += tensor.numel();
  }
}

/// Runs an operation to its end.
void wait_for(const std::function<c10::intrusive_ptr<c10d::Work>()>& start) {
  try {
    start()->wait();
  } catch (const std::exception& error) {
    throw Error(ExitCode::kInternal,
                "another process of the group has ended or does not answer; the same command goes "
                "on from the last checkpoint (" +
                    first_line(error.what()) + ")");
  }
}

}  // namespace

struct Collectives::Backend {
  c10::intrusive_ptr<c10d::ProcessGroup> group;

  void sum(torch::Tensor tensor) const {
    std::vector<torch::Tensor> list{std::move(tensor)};
    wait_for([&] { return group->allreduce(list); });
  }
  void broadcast(torch::Tensor tensor) const {
    std::vector<torch::Tensor> list{std::move(tensor)};
    wait_for([&] { return group->broadcast(list); });
  }
};

Collectives::Collectives(const ProcessGroup& group, torch::Device device)
    : group_(group), device_(device) {
  if (alone()) return;
  try {
    backend_ = std::make_unique<Backend>(Backend{c10d::resolve_process_group(group.name)});
  } catch (const std::exception&) {
    throw BadInput("torch does not know the process group '" + group.name +
                   "': Python and tinynas do not use the same libtorch; install tinynas anew for "
                   "this Python's torch");
  }
}

Collectives::~Collectives() = default;

void Collectives::sum(const std::vector<torch::Tensor>& tensors,
                      std::vector<double>& numbers) const {
  if (alone()) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> all = tensors;
  all.push_back(torch::tensor(numbers, torch::kFloat).to(device_));
  const torch::Tensor bucket = flatten(all);
  backend_->sum(bucket);
  copy_back(bucket, all);
  const torch::Tensor sums = all.back().to(torch::kCPU);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = sums[static_cast<std::int64_t>(i)].item<float>();
}

void Collectives::share(const NamedTensors& tensors) const {
  if (alone()) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> all;
  for (const auto& [name, tensor] : tensors) all.push_back(tensor);
  const torch::Tensor bucket = flatten(all);
  backend_->broadcast(bucket);
  copy_back(bucket, all);
}

Json Collectives::share(const Json& value) const {
  if (alone()) return value;
  const std::string mine = value.dump();
  torch::Tensor length =
      torch::tensor({static_cast<std::int64_t>(mine.size())}, torch::kLong).to(device_);
  backend_->broadcast(length);
  torch::Tensor bytes = torch::empty({length.item<std::int64_t>()}, torch::kByte);
  if (leads()) std::memcpy(bytes.data_ptr(), mine.data(), mine.size());
  bytes = bytes.to(device_);
  backend_->broadcast(bytes);
  bytes = bytes.to(torch::kCPU);
  return Json::parse(std::string(static_cast<const char*>(bytes.data_ptr()),
                                 static_cast<std::size_t>(bytes.numel())));
}

void Collectives::meet() const {
  std::vector<double> nothing;
  sum({torch::zeros({1}, torch::TensorOptions().device(device_))}, nothing);
}

void Collectives::check_equal(const Json& recipe) const {
  if (alone()) return;
  const Json leader = share(recipe);
  std::string difference;
  for (const auto& [key, value] : recipe.items()) {
    const Json wanted = leader.contains(key) ? leader[key] : Json(nullptr);
    if (!difference.empty() || wanted == value) continue;
    difference = "'" + key + "' is " + value.dump() + " here and " + wanted.dump() +
                 " in process 0; start all with the same options, data and checkpoint";
  }
  std::vector<double> differing{difference.empty() ? 0.0 : 1.0};
  sum({}, differing);
  if (differing[0] == 0) return;
  if (!difference.empty()) throw BadInput(difference);
  throw BadInput(said_once(
      "the processes were not started alike; those that differ from this one say in what"));
}

}  // namespace tinynas
