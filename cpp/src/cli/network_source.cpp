#include "cli/network_source.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "search/run_document.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Why a run has no winner, and the mend.
std::string no_winner(const std::string& run) {
  const std::string checkpoint = (fs::path(run) / "checkpoint.json").string();
  const bool finished =
      is_file(checkpoint) && read_json_file(checkpoint).value("finished", Json(false)) == true;
  if (finished) {
    return run +
           ": nothing fitted the budget of this search, so it has no winner; search with a "
           "larger budget";
  }
  return run +
         ": the search has not ended, so it has no winner yet; go on with `tinynas search` "
         "and its options, --run-dir " +
         run;
}

/// "runs/a/boards/x, runs/a/boards/y"
std::string boards_of(const fs::path& run) {
  std::vector<std::string> boards;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run / "boards", error)) {
    boards.push_back(entry.path().string());
  }
  std::sort(boards.begin(), boards.end());
  std::string list;
  for (const std::string& board : boards) list += (list.empty() ? "" : ", ") + board;
  return list;
}

NetworkSource winner_of(const std::string& run) {
  const fs::path folder(run);
  const fs::path head = folder / "run.json";
  if (!is_file(head)) {
    throw BadInput(run +
                   ": is no run directory (it has no run.json); name what `tinynas search "
                   "--run-dir` wrote, or a file");
  }
  read_run_document(head.string());  // only of a version that this one can read
  if (fs::is_directory(folder / "boards")) {
    throw BadInput(run +
                   ": holds a search for several boards; name one of them: " + boards_of(folder));
  }
  if (!is_file(folder / "best" / "subnet.json")) throw BadInput(no_winner(run));
  const fs::path model = folder / "best" / "model.tflite";
  if (!is_file(model)) {
    throw BadInput(run +
                   ": its winner has no int8 model (best/model.tflite), as in runs of older "
                   "versions; search again in another --run-dir");
  }
  // "runs/a/" names what "runs/a" does, and "." is somewhere.
  std::error_code error;
  fs::path named = fs::canonical(folder, error);
  if (error) named = folder;
  return {model.string(), named.filename().string(), run};
}

}  // namespace

NetworkSource find_network(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw BadInput(path + ": there is no such file or run directory");
  }
  if (fs::is_directory(status)) return winner_of(path);
  return {path, fs::path(path).stem().string(), ""};
}

}  // namespace tinynas
