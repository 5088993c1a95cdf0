#include "search/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

/// What a killed process left behind of files that it was about to rename.
void remove_temporary_files(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension().string().starts_with(".tmp")) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove(path, error);
}

}  // namespace

RunLock::RunLock(const std::string& directory) {
  const std::string trials = directory + "/trials.jsonl";
  trials_file_ = ::open(trials.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (trials_file_ < 0) throw BadInput(trials + ": cannot be opened: " + std::strerror(errno));
  // File systems without locks (some NFS) do without this protection.
  if (::flock(trials_file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(trials_file_);
    throw BadInput(directory +
                   ": another process is running in it; wait, or use another --run-dir");
  }
  remove_temporary_files(directory);
  remove_temporary_files(directory + "/best");
  std::error_code error;
  for (const auto& board : fs::directory_iterator(directory + "/boards", error)) {
    remove_temporary_files(board.path().string());
    remove_temporary_files((board.path() / "best").string());
  }
}

RunLock::~RunLock() { ::close(trials_file_); }

}  // namespace tinynas
