#include "search/candidate.h"

#include <tuple>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/linked_costs.h"

namespace tinynas {
namespace {

constexpr std::size_t kMostRemembered = 16384;

}  // namespace

Footprint least_footprint(const Graph& graph, const RuntimeModel& runtime,
                          const PlanOptions& options) {
  FlashBreakdown flash;
  flash.quantisation_bytes = fixed_quantisation_bytes(runtime);
  for (const Op& op : graph.ops) add_op_flash(graph, op, runtime, flash);
  flash.code_bytes = least_linked_flash(graph, runtime, options);
  return {sram_lower_bound(graph, runtime, options.input), flash.total_bytes(), graph_macs(graph),
          0};
}

Candidate CandidateChecker::check(const Genotype& genotype) {
  if (const auto known = planned_.find(genotype); known != planned_.end()) return known->second;
  lower(problem_.space.decode(genotype), graph_);
  plan_memory(graph_, problem_.runtime, problem_.plan_options(), plan_);
  return remember(genotype);
}

std::optional<Candidate> CandidateChecker::fitting(const Genotype& genotype) {
  const auto if_fits = [](const Candidate& candidate) {
    return candidate.violation.fits() ? std::optional(candidate) : std::nullopt;
  };
  if (const auto known = planned_.find(genotype); known != planned_.end()) {
    return if_fits(known->second);
  }
  // Until something fits, what came nearest is told in full.
  if (record_.feasible == 0) return if_fits(check(genotype));
  if (hopeless_.count(genotype) != 0) return std::nullopt;
  lower(problem_.space.decode(genotype), graph_);
  const PlanOptions options = problem_.plan_options();
  const Footprint least = least_footprint(graph_, problem_.runtime, options);
  if (violation(least, problem_.budget).fits() &&
      plan_memory_within(graph_, problem_.runtime, options, plan_)) {
    return if_fits(remember(genotype));
  }
  if (hopeless_.size() == kMostRemembered) hopeless_.clear();
  hopeless_.insert(genotype);
  ++record_.planned;
  return std::nullopt;
}

const Candidate& CandidateChecker::remember(const Genotype& genotype) {
  if (planned_.size() == kMostRemembered) planned_.clear();
  const Candidate& candidate = planned_.emplace(genotype, planned(genotype)).first->second;
  note(candidate);
  return candidate;
}

Candidate CandidateChecker::planned(const Genotype& genotype) const {
  Candidate candidate;
  candidate.genotype = genotype;
  candidate.id = problem_.space.id(genotype);
  candidate.footprint = plan_.footprint();
  candidate.params = graph_params(graph_);
  candidate.violation = violation(candidate.footprint, problem_.budget);
  return candidate;
}

void CandidateChecker::note(const Candidate& candidate) {
  ++record_.planned;
  record_.feasible += candidate.violation.fits();
  const auto keep = [&](std::optional<Candidate>& slot, auto better) {
    if (!slot || better(candidate, *slot)) slot = candidate;
  };
  keep(record_.nearest, less_violating);
  keep(record_.lowest_sram, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.footprint.peak_sram_bytes, a.footprint.flash_bytes, a.id) <
           std::tie(b.footprint.peak_sram_bytes, b.footprint.flash_bytes, b.id);
  });
  keep(record_.lowest_flash, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.footprint.flash_bytes, a.footprint.peak_sram_bytes, a.id) <
           std::tie(b.footprint.flash_bytes, b.footprint.peak_sram_bytes, b.id);
  });
}

bool less_violating(const Candidate& a, const Candidate& b) {
  return std::tie(a.violation.relative, a.footprint.peak_sram_bytes, a.footprint.flash_bytes,
                  a.id) <
         std::tie(b.violation.relative, b.footprint.peak_sram_bytes, b.footprint.flash_bytes, b.id);
}

}  // namespace tinynas
