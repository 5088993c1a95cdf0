#pragma once
// What a network needs beside what there is, for people.

#include <string>

#include "tinynas/search_algorithm.h"

namespace tinynas {

/// "3.4 KiB over", or "fits".
std::string over_text(std::int64_t excess_bytes);

/// "ID: 12.6 KiB SRAM (6.1 KiB over), 184.1 KiB flash (fits)", and latency where that is too much.
std::string need_text(const Candidate& candidate);

/// ", or lower --reserve-sram": what would help besides a larger part. Empty for what fits.
std::string relief_text(const Violation& violation);

}  // namespace tinynas
