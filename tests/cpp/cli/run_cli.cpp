#include "run_cli.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "base/files.h"
#include "temporary_folder.h"
#include "tinynas/cli.h"

namespace tinynas::testing {
namespace {

void redirect(int stream, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::dup2(file, stream) < 0) ::_exit(99);
  ::close(file);
}

void redirect_to_closed_pipe(int stream) {
  int ends[2];
  if (::pipe(ends) != 0 || ::dup2(ends[1], stream) < 0) ::_exit(99);
  ::close(ends[0]);
  ::close(ends[1]);
}

[[noreturn]] void run_child(std::vector<std::string> words, const CliSetup& setup,
                            const std::string& out, const std::string& err) {
  for (const auto& [name, value] : setup.environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::signal(SIGPIPE, setup.ignore_sigpipe ? SIG_IGN : SIG_DFL);
  if (setup.closed_pipe) {
    redirect_to_closed_pipe(STDOUT_FILENO);
  } else {
    redirect(STDOUT_FILENO, setup.stdout_path.empty() ? out : setup.stdout_path);
  }
  redirect(STDERR_FILENO, err);
  words.insert(words.begin(), "tinynas");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  ::_exit(cli_main(static_cast<int>(argv.size()), argv.data()));
}

}  // namespace

CliResult run_cli(const std::vector<std::string>& arguments, const CliSetup& setup) {
  const TemporaryFolder folder;
  const std::string out = folder.write("out", ""), err = folder.write("err", "");
  std::cout.flush();  // or the child writes it, too
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) run_child(arguments, setup, out, err);
  int status = 0;
  ::waitpid(child, &status, 0);
  CliResult result;
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

bool is_one_line(const std::string& text) {
  return text.ends_with('\n') && std::count(text.begin(), text.end(), '\n') == 1;
}

}  // namespace tinynas::testing
