#pragma once
// run.json: what a search was asked, in the field "run", and whether a resumed one is asked the
// same.

#include <cstddef>
#include <string>

#include "base/json_io.h"

namespace tinynas {

/// The run.json at `path`. Throws BadInput unless it is one of a run that this version can read.
Json read_run_document(const std::string& path);

/// Replaces the file atomically.
void write_run_document(const Json& document, const std::string& path);

/// Throws BadInput with the first field in which `now` differs from `there`, read from `path`.
void check_same_run(const std::string& path, const Json& there, const Json& now);

/// The same, but `now` may have more boards than `there`.
void check_extends(const std::string& path, const Json& there, const Json& now);

/// The run that board `place` of several would have been alone.
Json run_of_board(Json run, std::size_t place);

}  // namespace tinynas
