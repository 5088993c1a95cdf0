// Plans per second on one core: `bench_plan [TABLE.json ...]`. First lower + plan of random
// networks of each shipped space, then planning alone of each layer table that is named.

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

using namespace tinynas;

namespace {

constexpr double kSeconds = 1.0;
constexpr int kSubnets = 256;
constexpr std::int64_t kMillion = 1000000;

/// Calls `work(i)` for i = 0, 1, ... for about kSeconds, after a warm-up; returns calls a second.
template <typename Work>
double calls_per_second(Work work) {
  using Clock = std::chrono::steady_clock;
  std::size_t calls = 0;
  for (; calls < 1000; ++calls) work(calls);
  calls = 0;
  const auto start = Clock::now();
  double elapsed = 0;
  while (elapsed < kSeconds) {
    for (int i = 0; i < 200; ++i) work(calls++);
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(calls) / elapsed;
}

void print_rate(const std::string& what, double rate, double ops) {
  std::printf("  %-42s %10.0f a second  %7.2f us  %5.1f ops\n", what.c_str(), rate, 1e6 / rate,
              ops);
}

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

std::vector<Subnet> sample(const SearchSpace& space) {
  std::vector<Subnet> subnets;
  Rng rng(0);
  for (int i = 0; i < kSubnets; ++i) subnets.push_back(space.decode(space.sample(rng)));
  return subnets;
}

struct Mode {
  const char* name;
  RuntimeModel runtime;
  PlanOptions options;
};

std::vector<Mode> modes() {
  std::vector<Mode> all = {{"published rules", find_runtime("tinyengine"), {}},
                           {"tinynas, 1.00x MACs", find_runtime("tinynas"), {}},
                           {"tinynas, patches", find_runtime("tinynas"), {}}};
  all[2].options.sram_budget_bytes = 0;  // nothing fits: the whole front is looked at
  return all;
}

void bench_space(const std::string& name) {
  const std::vector<Subnet> subnets = sample(SearchSpace::find(name));
  std::printf("lower + plan, random subnets of %s\n", name.c_str());
  Graph graph;
  MemoryPlan plan;
  double ops = 0;
  for (const Subnet& subnet : subnets) {
    lower(subnet, graph);
    ops += static_cast<double>(graph.ops.size());
  }
  for (const Mode& mode : modes()) {
    const double rate = calls_per_second([&](std::size_t i) {
      lower(subnets[i % subnets.size()], graph);
      plan_memory(graph, mode.runtime, mode.options, plan);
    });
    print_rate(mode.name, rate, ops / kSubnets);
  }
  const RuntimeModel runtime = find_runtime("tinynas");
  std::int64_t sum = 0;
  const double rate = calls_per_second([&](std::size_t i) {
    lower(subnets[i % subnets.size()], graph);
    sum += sram_lower_bound(graph, runtime);
  });
  print_rate(sum > 0 ? "lower + lower bound" : "", rate, ops / kSubnets);
}

void bench_table(const std::string& path) {
  const Graph graph = read_layer_table(path);
  std::printf("plan, %s\n", path.substr(path.find_last_of('/') + 1).c_str());
  MemoryPlan plan;
  for (const Mode& mode : modes()) {
    const double rate = calls_per_second(
        [&](std::size_t) { plan_memory(graph, mode.runtime, mode.options, plan); });
    print_rate(mode.name, rate, static_cast<double>(graph.ops.size()));
  }
}

/// Growth of the process over a million plans of different networks.
void bench_memory() {
  const RuntimeModel runtime = find_runtime("tinynas");
  const SearchSpace space = SearchSpace::find("mcunet");
  Rng rng(1);
  Graph graph;
  MemoryPlan plan;
  std::int64_t before = 0, gaps = 0;
  for (std::int64_t i = 0; i < kMillion + 10000; ++i) {
    if (i == 10000) before = resident_bytes();
    lower(space.decode(space.sample(rng)), graph);
    plan_memory(graph, runtime, {}, plan);
    gaps += plan.peak_sram_bytes > plan.lower_bound_bytes;
  }
  std::printf(
      "a million plans of mcunet subnets: memory grew by %lld bytes; %lld above their bound\n",
      static_cast<long long>(resident_bytes() - before), static_cast<long long>(gaps));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::printf("one core of %s\n", cpu_name().c_str());
    for (const std::string& name : SearchSpace::list_names()) bench_space(name);
    for (int i = 1; i < argc; ++i) bench_table(argv[i]);
    bench_memory();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
