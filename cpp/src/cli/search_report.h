#pragma once
// What a search found, for people.

#include <string>

#include "cli/mcu_options.h"
#include "tinynas/search.h"

namespace tinynas {

/// Budget, winner with its breakdowns, what was given up to fit, runners-up; or, when nothing fits,
/// how far the budget is off. `seconds` is how long it took. Ends with a newline.
std::string search_report(const SearchResult& result, const SearchProblem& problem,
                          const McuTarget& target, const std::string& run_dir, double seconds);

}  // namespace tinynas
