#pragma once
// Lines of trials.jsonl.

#include <string>

#include "base/json_io.h"
#include "tinynas/run_store.h"

namespace tinynas {

/// One line, without the newline. Numbers survive the round trip to the last bit.
std::string record_line(const MeasurementRecord& record);
/// Throws BadInput; `where` names file and line.
MeasurementRecord parse_record(std::string_view line, const std::string& where);

/// The whole lines of a trials file, and where each ends. The violation of a record is not stored:
/// what was measured, fitted.
struct TrialLines {
  std::vector<MeasurementRecord> records;
  std::vector<std::size_t> ends;  ///< offset behind each line's newline
  std::string damage;             ///< why the line behind the last record cannot be read, or ""
};
TrialLines parse_trial_lines(const std::string& content, const std::string& path);

}  // namespace tinynas
