#include "search/candidate.h"

#include <tuple>

namespace tinynas {
namespace {

constexpr std::size_t kMostRemembered = 16384;

}  // namespace

Candidate CandidateChecker::check(const Genotype& genotype) {
  if (const auto known = planned_.find(genotype); known != planned_.end()) return known->second;
  if (planned_.size() == kMostRemembered) planned_.clear();
  return planned_.emplace(genotype, plan(genotype)).first->second;
}

Candidate CandidateChecker::plan(const Genotype& genotype) {
  Candidate candidate;
  candidate.genotype = genotype;
  candidate.id = problem_.space.id(genotype);
  lower(problem_.space.decode(genotype), graph_);
  plan_memory(graph_, problem_.runtime, problem_.plan_options(), plan_);
  candidate.footprint = plan_.footprint();
  candidate.params = graph_params(graph_);
  candidate.violation = violation(candidate.footprint, problem_.budget);

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
  return candidate;
}

bool less_violating(const Candidate& a, const Candidate& b) {
  return std::tie(a.violation.relative, a.footprint.peak_sram_bytes, a.footprint.flash_bytes,
                  a.id) <
         std::tie(b.violation.relative, b.footprint.peak_sram_bytes, b.footprint.flash_bytes, b.id);
}

}  // namespace tinynas
