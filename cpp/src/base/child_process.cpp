#include "base/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr auto kPoll = std::chrono::milliseconds(5);

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

pid_t start(const std::vector<std::string>& arguments, const std::string& folder,
            const std::string& log) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  FileActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(actions.get(), STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(actions.get(), folder.c_str());
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, pointers[0], actions.get(), nullptr, pointers.data(), environ);
  if (error != 0) throw BadInput(arguments[0] + " cannot be run: " + std::strerror(error));
  return child;
}

}  // namespace

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((fs::path(folder) / name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

ChildResult run_child(const std::vector<std::string>& arguments, const std::string& folder,
                      std::chrono::seconds limit, const StopFn& stop) {
  const std::string log = (fs::path(folder) / "child.log").string();
  const auto end = std::chrono::steady_clock::now() + limit;
  const pid_t child = start(arguments, folder, log);
  ChildResult result;
  int status = 0;
  bool stopped = false;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    stopped = stop && stop();
    result.timed_out = std::chrono::steady_clock::now() >= end;
    if (stopped || result.timed_out) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(kPoll);
  }
  // Ctrl-C reaches the program too, which may be gone first.
  if (stopped || (stop && stop())) throw Interrupted(arguments[0] + " was stopped");
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.output = read_file(log);
  return result;
}

WorkFolder::WorkFolder() {
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "tinynas-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    throw BadInput("no temporary folder can be made; set TMPDIR to a folder that can be written");
  }
  path_ = pattern;
}

WorkFolder::~WorkFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

}  // namespace tinynas
