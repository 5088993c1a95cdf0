#pragma once
// What the fuzzers call, and the test that runs their corpus through the same code. Each takes the
// bytes of a file and gives them to every reader of that format. A file is read, or refused by an
// Error of one printable line that names it; anything else leaves here as another exception.

#include <string_view>

namespace tinynas::fuzzing {

/// parse_tflite; of what it accepts the file with an offline plan, read again, and a plan under
/// each runtime.
void read_tflite(std::string_view content);

/// Board, search-space and runtime files, the file of --config, and every getter of TomlTable.
void read_toml(std::string_view content);

/// Layer tables, subnet files, trials, run.json and checkpoint.json.
void read_json(std::string_view content);

}  // namespace tinynas::fuzzing
