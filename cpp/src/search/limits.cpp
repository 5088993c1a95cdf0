#include "tinynas/limits.h"

#include <algorithm>
#include <cmath>

#include "search/candidate.h"

namespace tinynas {
namespace {

double need_of(const Footprint& footprint, Limit limit) {
  switch (limit) {
    case Limit::kSram:
      return static_cast<double>(footprint.peak_sram_bytes);
    case Limit::kFlash:
      return static_cast<double>(footprint.flash_bytes);
    case Limit::kLatency:
      return footprint.latency_ms;
    case Limit::kMacs:
      return static_cast<double>(footprint.macs);
  }
  return 0;
}

bool exceeds(const Violation& violation, Limit limit) {
  switch (limit) {
    case Limit::kSram:
      return violation.sram_bytes > 0;
    case Limit::kFlash:
      return violation.flash_bytes > 0;
    case Limit::kLatency:
      return violation.latency_ms > 0;
    case Limit::kMacs:
      return violation.macs > 0;
  }
  return false;
}

std::vector<LimitUse> limits_of(const McuBudget& budget, const Footprint& footprint) {
  std::vector<LimitUse> uses;
  const auto add = [&](Limit limit, double available) {
    uses.push_back({limit, need_of(footprint, limit), available, 0, 0, "", 0});
  };
  add(Limit::kSram, static_cast<double>(budget.sram_bytes));
  add(Limit::kFlash, static_cast<double>(budget.flash_bytes));
  if (budget.latency_ms) add(Limit::kLatency, *budget.latency_ms);
  if (budget.macs) add(Limit::kMacs, static_cast<double>(*budget.macs));
  return uses;
}

/// What one operator adds to a limit: bytes while it runs, bytes of weights, its share of the
/// milliseconds, MACs.
double op_need(const MemoryPlan& plan, std::size_t op, Limit limit) {
  const OpPlan& one = plan.per_op[op];
  switch (limit) {
    case Limit::kSram:
      return static_cast<double>(one.live_bytes + one.scratch_bytes);
    case Limit::kFlash:
      return static_cast<double>(one.weight_bytes);
    case Limit::kLatency:
      return plan.instructions == 0
                 ? 0
                 : plan.footprint().latency_ms * static_cast<double>(one.instructions) /
                       static_cast<double>(plan.instructions);
    case Limit::kMacs:
      return static_cast<double>(one.macs);
  }
  return 0;
}

void find_place(const Graph& graph, const MemoryPlan& plan, LimitUse& use) {
  for (std::size_t op = 0; op < graph.ops.size(); ++op) {
    const double need = op_need(plan, op, use.limit);
    if (need <= use.need_there) continue;
    use.need_there = need;
    use.where = op_name(graph, op);
  }
}

}  // namespace

const char* limit_name(Limit limit) {
  switch (limit) {
    case Limit::kSram:
      return "SRAM";
    case Limit::kFlash:
      return "flash";
    case Limit::kLatency:
      return "latency";
    case Limit::kMacs:
      return "MACs";
  }
  return "";
}

const LimitUse* GrowthLimits::binding() const {
  const auto most = std::max_element(
      uses.begin(), uses.end(),
      [](const LimitUse& a, const LimitUse& b) { return a.exceeded < b.exceeded; });
  return most == uses.end() || most->exceeded == 0 ? nullptr : &*most;
}

GrowthLimits growth_limits(const SearchProblem& problem, const Candidate& candidate) {
  GrowthLimits growth;
  growth.uses = limits_of(problem.budget, candidate.footprint);
  const Graph graph = lower(problem.space.decode(candidate.genotype));
  const MemoryPlan plan = plan_memory(graph, problem.runtime, problem.report_options());
  for (LimitUse& use : growth.uses) find_place(graph, plan, use);
  CandidateChecker checker(problem);
  for (const Genotype& genotype : problem.space.neighbours(candidate.genotype)) {
    const Candidate neighbour = checker.check(genotype);
    if (neighbour.params <= candidate.params &&
        neighbour.footprint.macs <= candidate.footprint.macs) {
      continue;
    }
    ++growth.grown;
    growth.fitting += neighbour.violation.fits();
    int limits = 0;
    for (const LimitUse& use : growth.uses) limits += exceeds(neighbour.violation, use.limit);
    for (LimitUse& use : growth.uses) {
      if (!exceeds(neighbour.violation, use.limit)) continue;
      ++use.exceeded;
      use.exceeded_alone += limits == 1;
    }
  }
  return growth;
}

SearchProblem relaxed(const SearchProblem& problem, Limit limit, double share) {
  SearchProblem more = problem;
  McuBudget& budget = more.budget;
  const auto raise = [&](std::int64_t& value) {
    value = static_cast<std::int64_t>(std::floor(static_cast<double>(value) * (1 + share)));
  };
  switch (limit) {
    case Limit::kSram:
      raise(budget.sram_bytes);
      break;
    case Limit::kFlash:
      raise(budget.flash_bytes);
      break;
    case Limit::kLatency:
      *budget.latency_ms *= 1 + share;
      break;
    case Limit::kMacs:
      raise(*budget.macs);
      break;
  }
  budget.name += "+" + std::to_string(std::lround(100 * share)) + "% " + limit_name(limit);
  return more;
}

}  // namespace tinynas
