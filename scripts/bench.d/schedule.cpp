// SRAM of networks under each runtime and schedule: `bench_schedule TABLE.json MODEL.tflite ...`.
// Bytes, the image resident and counted unless said otherwise; then the front of memory against
// MACs beside published points.

#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "cli/network_file.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;

namespace {

struct PublishedPoint {
  std::int64_t bytes;
  double macs_ratio;
};
/// msf-CNN (Huang et al., 2025), image not counted.
const std::map<std::string, std::vector<PublishedPoint>> kMsfCnn = {
    {"mcunet-vww1", {{26240, 1.11}, {20568, 1.30}, {15368, 1.96}}},
    {"mcunet-in3", {{94224, 1.45}, {51164, 2.69}}}};

std::string stem_of(const std::string& path) {
  const std::string file = path.substr(path.find_last_of('/') + 1);
  return file.substr(0, file.find_last_of('.'));
}

std::int64_t peak(const Network& network, const char* name,
                  InputMode input = InputMode::kResident) {
  const RuntimeModel runtime = find_runtime(name);
  PlanOptions options;
  options.input = input;
  return plan_memory(network.under(runtime), runtime, options).peak_sram_bytes;
}

void print_row(const std::string& path) {
  const Network network = read_network_file(path, "");
  const MemoryPlan plan = plan_memory(network.graph, find_runtime("tinynas"));
  std::printf("%-26s %9lld %11lld %9lld %6lld %9lld %9lld\n", stem_of(path).c_str(),
              static_cast<long long>(peak(network, "tflm")),
              static_cast<long long>(peak(network, "tinyengine")),
              static_cast<long long>(plan.peak_sram_bytes),
              static_cast<long long>(plan.peak_sram_bytes - plan.lower_bound_bytes),
              static_cast<long long>(peak(network, "tinynas", InputMode::kRows)),
              static_cast<long long>(peak(network, "tinynas", InputMode::kExternal)));
}

void print_front(const std::string& path) {
  const auto published = kMsfCnn.find(stem_of(path));
  if (published == kMsfCnn.end()) return;
  const Graph graph = read_layer_table(path);
  const RuntimeModel runtime = find_runtime("tinynas");
  const double macs = static_cast<double>(graph_macs(graph));
  std::printf("\n%s: bytes at x times the MACs\n", published->first.c_str());
  for (const InputMode input : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
    std::printf("  tinynas, image %s:", input_mode_name(input));
    for (const FrontPoint& point : memory_macs_front(graph, runtime, input)) {
      std::printf("  %lld %.2fx", static_cast<long long>(point.peak_sram_bytes),
                  static_cast<double>(point.macs) / macs);
    }
    std::printf("\n");
  }
  std::printf("  msf-CNN, published, image not counted:");
  for (const PublishedPoint& point : published->second) {
    std::printf("  %lld %.2fx", static_cast<long long>(point.bytes), point.macs_ratio);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::printf("%-26s %9s %11s %9s %6s %9s %9s\n", "", "tflm", "tinyengine", "tinynas", "gap",
                "rows", "external");
    for (int i = 1; i < argc; ++i) print_row(argv[i]);
    for (int i = 1; i < argc; ++i) print_front(argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
