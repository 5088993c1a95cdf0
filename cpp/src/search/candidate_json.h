#pragma once
// A network's costs in documents.

#include "base/json_io.h"
#include "tinynas/search_algorithm.h"

namespace tinynas {

/// {id, peak_sram_bytes, flash_bytes, macs, params, latency_high_ms}; the last is null where no
/// limit asked for it.
Json candidate_json(const Candidate& candidate);

}  // namespace tinynas
