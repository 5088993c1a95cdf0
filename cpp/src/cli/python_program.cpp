#include "cli/python_program.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/child_process.h"
#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kLimit(10);

std::string& given_interpreter() {
  static std::string path;
  return path;
}

std::string find_interpreter(const std::string& what) {
  if (!given_interpreter().empty()) return given_interpreter();
  const fs::path own = fs::path(data_dir()) / ".venv" / "bin" / "python";
  std::error_code ignored;
  if (fs::exists(own, ignored)) return own.string();
  if (has_program("python3")) return "python3";
  throw BadInput(what + " needs Python, and $PATH has no python3; install it");
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto start = text.rfind('\n');
  return start == std::string::npos ? text : text.substr(start + 1);
}

/// In a source tree the package is not installed.
void find_own_package() {
  const fs::path folder = fs::path(data_dir()) / "python";
  std::error_code ignored;
  if (!fs::exists(folder / "tinynas" / "__init__.py", ignored)) return;
  const char* before = std::getenv("PYTHONPATH");
  const bool is_set = before != nullptr && *before != '\0';
  const std::string path = is_set ? folder.string() + ":" + before : folder.string();
  ::setenv("PYTHONPATH", path.c_str(), 1);
}

}  // namespace

void set_python_interpreter(const std::string& path) { given_interpreter() = path; }

void run_python_program(const std::string& name, const std::vector<std::string>& arguments,
                        const std::string& folder, const std::string& what, const StopFn& stop) {
  std::vector<std::string> command = {find_interpreter(what), name};
  command.insert(command.end(), arguments.begin(), arguments.end());
  write_file_atomic((fs::path(folder) / name).string(), handover_source(name));
  const ChildResult child = run_child(command, folder, kLimit, stop);
  if (child.exit_code == 0) return;
  const std::string line = last_line(child.output);
  const auto bad_input = static_cast<int>(ExitCode::kBadInput);
  if (child.exit_code == bad_input && !line.empty()) throw BadInput(line);
  if (child.timed_out) throw Error(ExitCode::kInternal, name + " did not end");
  throw Error(ExitCode::kInternal, name + " failed: " + line);
}

void become_python_program(const std::string& name, const std::vector<std::string>& arguments,
                           const std::string& what) {
  std::vector<std::string> command = {find_interpreter(what), "-c", handover_source(name)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (given_interpreter().empty()) {
    find_own_package();
    std::error_code unknown;
    const fs::path own = fs::read_symlink("/proc/self/exe", unknown);
    if (!unknown) ::setenv("TINYNAS_EXECUTABLE", own.c_str(), 0);
  }
  std::vector<char*> pointers;
  for (std::string& word : command) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp(pointers[0], pointers.data());
  throw BadInput(command[0] + " cannot be run: " + std::strerror(errno));
}

}  // namespace tinynas
