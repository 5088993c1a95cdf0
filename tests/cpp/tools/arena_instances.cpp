// Prints arenas with our offsets, one JSON a line, for tests/python/test_arena_oracle.py:
//
//   arena_instances network FILE           a layer table, for each way to deliver the image
//   arena_instances subnets SPACE COUNT    samples of a space, layer by layer and as planned
//   arena_instances graphs COUNT           branching graphs whose plans miss their bound
//   arena_instances random COUNT RECORDS   records with random lives and distances

#include <cstdint>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json_io.h"
#include "random_branching.h"
#include "random_graph.h"
#include "tinyengine/arena_solver.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/streaming_plan.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"
#include "tinynas/search_space.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

struct Arena {
  std::vector<ArenaRecord> records;
  std::vector<ArenaOverlap> overlaps;
  std::int64_t alignment_bytes = 4, lower_bound_bytes = 0, arena_bytes = 0;
  bool proven = false;
};

void print(const std::string& name, const Arena& arena) {
  Json records = Json::array(), overlaps = Json::array();
  for (const ArenaRecord& r : arena.records) {
    records.push_back({r.bytes, r.first, r.end, r.offset_bytes});
  }
  for (const ArenaOverlap& o : arena.overlaps) {
    overlaps.push_back({o.a, o.b, o.a_above_b, o.b_above_a});
  }
  std::cout << Json{{"name", name},
                    {"records", records},
                    {"overlaps", overlaps},
                    {"alignment_bytes", arena.alignment_bytes},
                    {"lower_bound_bytes", arena.lower_bound_bytes},
                    {"arena_bytes", arena.arena_bytes},
                    {"proven", arena.proven}}
                   .dump()
            << "\n";
}

void place(Arena& arena) {
  ArenaOptions options;
  options.alignment_bytes = arena.alignment_bytes;
  options.lower_bound_bytes = arena.lower_bound_bytes;
  const ArenaResult result = solve_arena(arena.records, arena.overlaps, options);
  arena.arena_bytes = result.arena_bytes;
  arena.proven = result.proven;
}

/// The arena of a plan without patches, its distances from the row recurrence.
Arena arena_of(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan) {
  Arena arena;
  arena.alignment_bytes = runtime.tensor_alignment_bytes;
  arena.lower_bound_bytes = plan.lower_bound_bytes;
  for (const Placement& p : plan.placements) {
    arena.records.push_back({p.bytes, p.first_op, p.end_op, p.offset_bytes});
  }
  GraphFacts facts;
  SegmentTable table;
  facts.build(graph, runtime);
  table.build(graph, facts, plan.input);
  std::vector<OverlapGap> gaps;
  for (const Segment& s : plan.segments) {
    table.find_overlaps(graph, facts, plan.input, s.first_op, s.end_op, gaps);
    const std::int32_t output = graph.ops[s.end_op - 1].output;
    for (const OverlapGap& gap : gaps) {
      const std::int64_t in = facts.tensors[gap.input].bytes, out = facts.tensors[output].bytes;
      // An output goes below one of several inputs only, as the planner has it.
      const std::int64_t below = gaps.size() == 1 ? std::min(in, gap.above[kBottomUp]) : in;
      arena.overlaps.push_back({plan.tensor_records[gap.input], plan.tensor_records[output],
                                std::min(out, gap.above[kTopDown]), below});
    }
  }
  place(arena);
  if (arena.arena_bytes != plan.peak_sram_bytes) {
    throw std::logic_error("this is not the arena that the plan was made from");
  }
  return arena;
}

void print_plan(const std::string& name, const Graph& graph, InputMode input) {
  const RuntimeModel runtime = find_runtime("tinynas");
  PlanOptions options;
  options.input = input;
  print(name, arena_of(graph, runtime, plan_memory(graph, runtime, options)));
}

void print_network(const std::string& path) {
  const Graph graph = read_layer_table(path);
  for (const InputMode input : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
    print_plan(path + " " + input_mode_name(input), graph, input);
  }
}

void print_subnets(const std::string& space_name, std::uint64_t count) {
  const SearchSpace space = SearchSpace::find(space_name);
  const RuntimeModel runtime = find_runtime("tinynas");
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    Rng rng(seed);
    const Graph graph = lower(space.decode(space.sample(rng)));
    const std::string name = space_name + " " + std::to_string(seed);
    print_plan(name, graph, static_cast<InputMode>(seed % 3));
    std::vector<std::int32_t> layers;
    for (std::size_t i = 0; i <= graph.ops.size(); ++i) {
      layers.push_back(static_cast<std::int32_t>(i));
    }
    MemoryPlan plan = plan_memory(graph, runtime);
    if (plan_choice(graph, runtime, InputMode::kResident, {}, layers, plan)) {
      print(name + " layer by layer", arena_of(graph, runtime, plan));
    }
  }
}

void print_gaps(std::uint64_t count) {
  const RuntimeModel runtime = find_runtime("tinynas");
  for (std::uint64_t seed = 0; count > 0; ++seed) {
    const Graph graph = seed % 2 == 0 ? RandomBranching(Rng(seed), 16, 4).make()
                                      : random_graph(Rng(seed), {40, 13, 24});
    const MemoryPlan plan = plan_memory(graph, runtime);
    const std::size_t records = plan.placements.size();
    if (plan.peak_sram_bytes == plan.lower_bound_bytes || records < 20 || records > 150) continue;
    print("graph " + std::to_string(seed), arena_of(graph, runtime, plan));
    --count;
  }
}

Arena random_arena(Rng& rng, int count) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(rng.below(static_cast<std::uint32_t>(n)));
  };
  Arena arena;
  for (int i = 0; i < count; ++i) {
    const auto first = static_cast<std::int32_t>(below(count / 2));
    const auto end = static_cast<std::int32_t>(first + 1 + below(4));
    arena.records.push_back({4 * (1 + below(60)), first, end, 0});
  }
  for (std::int32_t i = 0; i < count; ++i) {
    for (std::int32_t j = i + 1; j < count; ++j) {
      const ArenaRecord &a = arena.records[i], &b = arena.records[j];
      if (a.first >= b.end || b.first >= a.end || !rng.chance(0.25)) continue;
      // From a little below the other's start to being apart.
      arena.overlaps.push_back({i, j, std::min(b.bytes, 4 * below(b.bytes / 4 + 4) - 12),
                                std::min(a.bytes, 4 * below(a.bytes / 4 + 4) - 12)});
    }
  }
  place(arena);
  return arena;
}

void run(std::span<char*> arguments) {
  const auto text = [&](std::size_t i) {
    return i < arguments.size() ? std::string(arguments[i]) : throw std::runtime_error("usage");
  };
  const std::string kind = text(1);
  if (kind == "network") return print_network(text(2));
  if (kind == "subnets") return print_subnets(text(2), std::stoull(text(3)));
  if (kind == "graphs") return print_gaps(std::stoull(text(2)));
  if (kind != "random") throw std::runtime_error("usage");
  for (std::uint64_t seed = 0; seed < std::stoull(text(2)); ++seed) {
    Rng rng(seed);
    print("random " + std::to_string(seed), random_arena(rng, std::stoi(text(3))));
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "arena_instances: " << error.what() << "\n";
    return 2;
  }
  return 0;
}
