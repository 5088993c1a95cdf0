#include "search/cell_draws.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <numeric>

#include "search/candidate.h"

namespace tinynas {
namespace {

/// Networks that are planned side by side where none fits.
constexpr std::size_t kPlannedAtOnce = 16;

/// As a search plans it with `sram_bytes`, compared with the whole budget.
Draw planned(const Graph& graph, const RankingTarget& target, std::int64_t sram_bytes,
             MemoryPlan& plan) {
  PlanOptions options;
  options.sram_budget_bytes = sram_bytes;
  options.predict_instructions = target.budget.latency_ms.has_value();
  plan_memory(graph, target.runtime, options, plan);
  Draw draw{plan.footprint(), violation(plan.footprint(), target.budget), true};
  draw.footprint.macs -= plan.extra_macs;
  return draw;
}

/// The plan with the fewest extra MACs in SRAM is the one that counts. Where the tables of its
/// patches are too large for flash, or it is too slow, other patches in less SRAM may do: without
/// looking at these a network could fit a part and not fit a larger one. Plans without patches have
/// the smallest tables and the fewest MACs.
Draw plan_fully(const Graph& graph, const RankingTarget& target, MemoryPlan& plan) {
  const Draw draw = planned(graph, target, target.budget.sram_bytes, plan);
  const bool patches = std::any_of(plan.segments.begin(), plan.segments.end(),
                                   [](const Segment& segment) { return segment.has_patches(); });
  if (draw.fits() || draw.violation.sram_bytes > 0 || !patches) return draw;
  for (const FrontPoint& point : memory_macs_front(graph, target.runtime)) {
    if (point.peak_sram_bytes >= draw.footprint.peak_sram_bytes) continue;
    const Draw other = planned(graph, target, point.peak_sram_bytes, plan);
    if (other.fits()) return other;
  }
  return draw;
}

/// Bounds first: schedules, and patches above all, are dear.
Draw plan_unless_hopeless(const Graph& graph, const RankingTarget& target, MemoryPlan& plan) {
  Draw draw;
  draw.footprint = least_footprint(graph, target.runtime, {});
  draw.violation = violation(draw.footprint, target.budget);
  return draw.violation.fits() ? plan_fully(graph, target, plan) : draw;
}

}  // namespace

struct CellDraws::Workspaces {
  struct One {
    Graph graph;
    MemoryPlan plan;
  };
  tbb::enumerable_thread_specific<One> of_threads;
};

CellDraws::CellDraws(std::vector<RankingTarget> targets, int networks, std::uint64_t seed)
    : targets_(std::move(targets)),
      seed_(seed),
      draws_(targets_.size(), std::vector<Draw>(static_cast<std::size_t>(networks))),
      workspaces_(std::make_unique<Workspaces>()) {}

CellDraws::~CellDraws() = default;

/// The stream is named by the cell itself, not by its place in a list.
Genotype CellDraws::genotype(std::size_t draw) const {
  Rng rng(seed_, stream_, static_cast<std::uint32_t>(draw));
  return cell_->sample(rng);
}

void CellDraws::draw(const SearchSpace& cell) {
  cell_ = &cell;
  stream_ = hash_bytes(cell.hash().data(), cell.hash().size());
  tbb::parallel_for(std::size_t{0}, draws_.front().size(), [&](std::size_t i) {
    Workspaces::One& work = workspaces_->of_threads.local();
    lower(cell_->decode(genotype(i)), work.graph);
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      draws_[t][i] = plan_unless_hopeless(work.graph, targets_[t], work.plan);
    }
  });
}

void CellDraws::plan(std::size_t draw, std::size_t target) {
  Workspaces::One& work = workspaces_->of_threads.local();
  lower(cell_->decode(genotype(draw)), work.graph);
  draws_[target][draw] = plan_fully(work.graph, targets_[target], work.plan);
}

Candidate CellDraws::nearest(std::size_t target) {
  const std::vector<Draw>& draws = draws_[target];
  const auto nearer = [&](std::size_t a, std::size_t b) {
    const double x = draws[a].violation.relative, y = draws[b].violation.relative;
    return x != y ? x < y : a < b;
  };
  std::vector<std::size_t> order(draws.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Those that are least by their bounds are planned, a few side by side; once one is least by its
  // plan, nothing comes nearer.
  const auto few = static_cast<std::ptrdiff_t>(std::min(order.size(), kPlannedAtOnce));
  for (;;) {
    std::partial_sort(order.begin(), order.begin() + few, order.end(), nearer);
    if (draws[order.front()].planned) break;
    tbb::parallel_for(std::ptrdiff_t{0}, few, [&](std::ptrdiff_t i) {
      const std::size_t draw = order[static_cast<std::size_t>(i)];
      if (!draws[draw].planned) plan(draw, target);
    });
  }
  const Genotype genes = genotype(order.front());
  const Draw& least = draws[order.front()];
  return {cell_->id(genes), genes, least.footprint, graph_params(lower(cell_->decode(genes))),
          least.violation};
}

}  // namespace tinynas
