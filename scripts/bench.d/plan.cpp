// Plans per second on one core: `bench_plan [TABLE.json ...]`. First lower + plan of random
// networks of each shipped space, then planning alone of each layer table that is named.

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

using namespace tinynas;

namespace {

constexpr double kSeconds = 1.0;
constexpr int kSubnets = 256;

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
  std::printf("%-44s %10.0f plans/s  %6.2f us/plan  %5.1f ops\n", what.c_str(), rate, 1e6 / rate,
              ops);
}

void bench_space(const std::string& name, const RuntimeModel& runtime) {
  const SearchSpace space = SearchSpace::find(name);
  std::vector<Subnet> subnets;
  Rng rng(0);
  for (int i = 0; i < kSubnets; ++i) subnets.push_back(space.decode(space.sample(rng)));
  Graph graph;
  MemoryPlan plan;
  double ops = 0;
  for (const Subnet& subnet : subnets) {
    lower(subnet, graph);
    ops += static_cast<double>(graph.ops.size());
  }
  const double rate = calls_per_second([&](std::size_t i) {
    lower(subnets[i % subnets.size()], graph);
    plan_memory(graph, runtime, {}, plan);
  });
  print_rate("lower + plan, random subnets of " + name, rate, ops / kSubnets);
}

void bench_table(const std::string& path, const RuntimeModel& runtime) {
  const Graph graph = read_layer_table(path);
  MemoryPlan plan;
  const double rate = calls_per_second([&](std::size_t) { plan_memory(graph, runtime, {}, plan); });
  print_rate("plan, " + path.substr(path.find_last_of('/') + 1), rate,
             static_cast<double>(graph.ops.size()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const RuntimeModel runtime = find_runtime("tinyengine");
    for (const std::string& name : SearchSpace::list_names()) bench_space(name, runtime);
    for (int i = 1; i < argc; ++i) bench_table(argv[i], runtime);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
