#pragma once
// What every reader promises, whatever bytes it is given.

#include <stdexcept>
#include <string>
#include <string_view>

#include "tinynas/error.h"
#include "tinynas/graph.h"

namespace tinynas::fuzzing {

/// The promise is broken. No Error of the program, so that nothing on the way swallows it.
class Finding : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws Finding unless `message` is one line of printable UTF-8 that contains `path`.
void check_message(std::string_view message, std::string_view path);

/// Runs `read`, which may refuse with an Error that names `path`. Whether it was read.
template <typename Read>
bool reads_or_refuses(std::string_view path, Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    check_message(error.what(), path);
    return false;
  }
}

/// Plans `graph`, which is valid, under each shipped runtime, unless that would take long.
void plan_if_small(const Graph& graph, const Graph& interpreter_graph);

}  // namespace tinynas::fuzzing
