#pragma once
// An explanation for people and as JSON.

#include <string>

#include "base/json_io.h"
#include "cli/explain_job.h"

namespace tinynas {

std::string explain_report(const Explanation& explanation);
/// Bytes, milliseconds, MACs; accuracies as shares of 1.
Json explain_json(const Explanation& explanation);

}  // namespace tinynas
