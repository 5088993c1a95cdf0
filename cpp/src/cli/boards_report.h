#pragma once
// What a search for several boards found, for people.

#include <string>

#include "cli/search_job.h"

namespace tinynas {

/// A row for each board, then what it took. `seconds` is how long. Ends with a newline.
std::string boards_report(const SearchJobResult& job, double seconds);

}  // namespace tinynas
