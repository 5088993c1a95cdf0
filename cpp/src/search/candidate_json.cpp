#include "search/candidate_json.h"

namespace tinynas {

Json candidate_json(const Candidate& candidate) {
  const Footprint& costs = candidate.footprint;
  return {{"id", candidate.id},
          {"peak_sram_bytes", costs.peak_sram_bytes},
          {"flash_bytes", costs.flash_bytes},
          {"macs", costs.macs},
          {"params", candidate.params},
          {"latency_high_ms", costs.latency_ms > 0 ? Json(costs.latency_ms) : Json(nullptr)}};
}

}  // namespace tinynas
