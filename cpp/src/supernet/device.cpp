#include "supernet/device.h"

#include <torch/version.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <limits>
#include <mutex>

#include "tinynas/error.h"
#include "tinynas/supernet.h"

namespace tinynas {

namespace {

/// Feature maps of a few MiB come and go with every layer. As glibc is set up, each is mapped anew
/// and its pages are cleared; kept, a training step takes 0.7 to 0.8 of the time.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kAll = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kAll);
  mallopt(M_TRIM_THRESHOLD, kAll);
#endif
}

}  // namespace

torch::Device parse_device(const std::string& name) {
  std::string seen;
  for (const std::string& device : torch_devices()) seen += (seen.empty() ? "" : ", ") + device;
  const std::string mend =
      "--device '" + name + "': torch " + torch_version() + " does not see it; it sees: " + seen;
  try {
    const torch::Device device(name);
    torch::zeros({1}, torch::TensorOptions().device(device));
    // A training that goes on ends at the weights of one that was not stopped.
    at::globalContext().setDeterministicCuDNN(true);
    return device;
  } catch (const std::exception&) {
    throw BadInput(mend);
  }
}

torch::Device parse_device(const std::string& name, const ProcessGroup& group) {
  const bool own = group.size > 1 && name == "cuda";
  return parse_device(own ? name + ":" + std::to_string(group.local_rank) : name);
}

at::MemoryFormat map_format(torch::Device device) {
  return device.is_cpu() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

void use_one_intra_op_thread() {
  static std::once_flag once;
  std::call_once(once, [] {
    at::set_num_threads(1);
    keep_freed_memory();
  });
}

void use_one_intra_op_thread_here() {
  thread_local const bool done = [] {
    use_one_intra_op_thread();
    at::init_num_threads();
    return true;
  }();
  static_cast<void>(done);
}

std::string torch_version() { return TORCH_VERSION; }

std::vector<std::string> torch_devices() {
  std::vector<std::string> devices{"cpu"};
  for (std::size_t i = 0; i < static_cast<std::size_t>(torch::cuda::device_count()); ++i) {
    devices.push_back("cuda:" + std::to_string(i));
  }
  if (at::hasMPS()) devices.emplace_back("mps");
  return devices;
}

}  // namespace tinynas
