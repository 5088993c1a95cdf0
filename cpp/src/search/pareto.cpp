#include "tinynas/pareto.h"

#include <algorithm>
#include <tuple>

namespace tinynas {

std::vector<Trial> pareto_front(std::span<const Trial> trials, RankBy rank_by) {
  const auto value = [&](const Trial& t) { return rank_value(t.measurement, rank_by); };
  std::vector<const Trial*> order;
  for (const Trial& trial : trials) order.push_back(&trial);
  std::sort(order.begin(), order.end(), [&](const Trial* a, const Trial* b) {
    const Candidate& x = a->proposal.candidate;
    const Candidate& y = b->proposal.candidate;
    return std::make_tuple(-value(*a), x.footprint.peak_sram_bytes, x.footprint.flash_bytes,
                           x.footprint.latency_ms, x.id) <
           std::make_tuple(-value(*b), y.footprint.peak_sram_bytes, y.footprint.flash_bytes,
                           y.footprint.latency_ms, y.id);
  });
  // Whoever could beat a trial stands before it.
  std::vector<Trial> front;
  for (const Trial* trial : order) {
    const Footprint& need = trial->proposal.candidate.footprint;
    const bool beaten = std::any_of(front.begin(), front.end(), [&](const Trial& other) {
      const Footprint& have = other.proposal.candidate.footprint;
      return have.peak_sram_bytes <= need.peak_sram_bytes && have.flash_bytes <= need.flash_bytes &&
             have.latency_ms <= need.latency_ms;
    });
    if (!beaten) front.push_back(*trial);
  }
  return front;
}

}  // namespace tinynas
