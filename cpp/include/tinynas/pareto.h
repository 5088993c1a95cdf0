#pragma once
// What a budget buys: networks that none beats in everything at once.

#include <span>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

/// Trials that no other trial beats in `rank_by`, peak SRAM, flash and, where it was predicted,
/// latency at once; best first.
std::vector<Trial> pareto_front(std::span<const Trial> trials, RankBy rank_by);

/// Share of the box between nothing and everything (accuracy 0 to 1; SRAM, flash and, where
/// `budget` limits it, latency from the budget down to 0) that the trials reach: 0 to 1, higher is
/// better, and never less with more trials. Trials beyond the budget add nothing. By slicing
/// objectives (While et al., "A faster algorithm for calculating hypervolume", 2006).
double hypervolume(std::span<const Trial> trials, const McuBudget& budget);

}  // namespace tinynas
