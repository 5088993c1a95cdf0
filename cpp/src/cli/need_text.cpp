#include "cli/need_text.h"

#include "tinyengine/plan_report.h"
#include "tinynas/bytes.h"

namespace tinynas {

std::string over_text(std::int64_t excess_bytes) {
  return excess_bytes > 0 ? format_bytes(excess_bytes) + " over" : "fits";
}

std::string need_text(const Candidate& candidate) {
  const Footprint& footprint = candidate.footprint;
  const Violation& over = candidate.violation;
  std::string text = candidate.id + ": " + format_bytes(footprint.peak_sram_bytes) + " SRAM (" +
                     over_text(over.sram_bytes) + "), " + format_bytes(footprint.flash_bytes) +
                     " flash (" + over_text(over.flash_bytes) + ")";
  if (over.latency_ms > 0) {
    text += ", " + format_ms(footprint.latency_ms) + " (" + format_ms(over.latency_ms) + " over)";
  }
  if (over.macs > 0) {
    text += ", " + format_count(footprint.macs) + " MACs (" + format_count(over.macs) + " over)";
  }
  return text;
}

std::string relief_text(const Violation& violation) {
  std::string text;
  if (violation.sram_bytes > 0) text += ", or lower --reserve-sram";
  if (violation.flash_bytes > 0) text += ", or lower --reserve-flash";
  if (violation.latency_ms > 0) text += ", or raise --latency-ms";
  if (violation.macs > 0) text += ", or raise --macs";
  return text;
}

}  // namespace tinynas
