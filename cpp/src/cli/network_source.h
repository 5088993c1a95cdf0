#pragma once
// What people name a network by: a file, or a run directory, which stands for its winner.

#include <string>

namespace tinynas {

struct NetworkSource {
  std::string file;  ///< to read: the path itself, or the winner's best/model.tflite
  std::string name;  ///< for titles: the file's stem, or the run directory's name
  std::string run;   ///< the run directory; "" for a file
};

/// Reads nothing of a file. Throws BadInput in one line: nothing is there, a folder that is no run
/// directory, a run of a newer format, a run whose search goes on or found nothing that fits, a run
/// from before searches wrote int8 models.
NetworkSource find_network(const std::string& path);

}  // namespace tinynas
