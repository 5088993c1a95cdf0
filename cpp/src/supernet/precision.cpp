#include "supernet/precision.h"

#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>

#include "tinynas/error.h"

namespace tinynas {
namespace {

bool cpu_has_bfloat16() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto has = [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.isBool() && found->second.toBool();
  };
  return has("avx512_bf16") || has("amx_bf16");
}

bool convolves_in_bfloat16(torch::Device device) {
  try {
    const auto options = torch::TensorOptions().device(device).dtype(torch::kBFloat16);
    at::conv2d(torch::ones({1, 8, 4, 4}, options), torch::ones({8, 8, 1, 1}, options)).sum().item();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// Autocast of the calling thread. Its cache of converted weights is one for all threads, so it
/// stays off.
class AutocastScope {
 public:
  explicit AutocastScope(at::DeviceType device)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        cached_(at::autocast::is_autocast_cache_enabled()),
        type_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::set_autocast_cache_enabled(false);
    at::autocast::set_autocast_dtype(device, torch::kBFloat16);
    at::autocast::set_autocast_enabled(device, true);
  }
  ~AutocastScope() {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, type_);
    at::autocast::set_autocast_cache_enabled(cached_);
  }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_, cached_;
  at::ScalarType type_;
};

}  // namespace

Precision parse_precision(const std::string& word, const std::string& what) {
  if (word == "float32") return Precision::kFloat32;
  if (word == "bf16") return Precision::kBfloat16;
  throw BadInput(what + ": '" + word + "' is none of float32, bf16");
}

const char* precision_name(Precision precision) {
  return precision == Precision::kFloat32 ? "float32" : "bf16";
}

void check_precision(Precision precision, torch::Device device) {
  if (precision == Precision::kFloat32) return;
  if (device.is_cpu() ? cpu_has_bfloat16() : convolves_in_bfloat16(device)) return;
  throw BadInput("--precision bf16: " + device.str() +
                 " has no instructions for it; leave it out (float32)");
}

torch::Tensor forward_in(Precision precision, torch::Device device,
                         const std::function<torch::Tensor()>& forward) {
  if (precision == Precision::kFloat32) return forward();
  const AutocastScope scope(device.type());
  return forward().to(torch::kFloat);
}

}  // namespace tinynas
