#pragma once
// Event files, which TensorBoard reads: TFRecords of Event messages
// (tensorflow/core/util/event.proto and tensorflow/core/lib/io/record_writer.h).

#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace tinynas {

/// One file a process: a training that goes on adds a file of its own.
class EventLog {
 public:
  /// A new file events.out.tfevents.* in an existing folder. It begins by telling readers to forget
  /// what earlier files say of steps after `step`, the last one that is done. Throws BadInput when
  /// it cannot be written; add too.
  EventLog(const std::string& directory, std::int64_t step);

  /// Scalars by name ("train/loss") after `step` steps. A killed process leaves whole events and at
  /// most one that is cut off, which readers ignore.
  void add(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  void write_record(const std::string& event);
  std::string path_;
  std::ofstream file_;
};

/// CRC-32C (Castagnoli): iSCSI's, RFC 3720.
std::uint32_t crc32c(const std::string& bytes);

}  // namespace tinynas
