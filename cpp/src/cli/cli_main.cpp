#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <new>
#include <sstream>
#include <utility>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/settings.h"
#include "cli/usage_error.h"
#include "tinynas/cli.h"
#include "tinynas/error.h"
#include "tinynas/version.h"

namespace tinynas {
namespace {

constexpr const char* kFooter =
    "Options may also come from the environment (TINYNAS_MCU for --mcu) and from a file "
    "(--config);\nwhat is typed wins over the environment, the environment over the file.\n"
    "Exit codes: 0 found or fits, 1 internal error, 2 usage or bad input, 3 nothing fits the "
    "budget,\n4 unsupported operator, 75 interrupted after a checkpoint.";

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

struct GlobalOptions {
  std::string config;
  bool quiet = false, verbose = false;
};

void add_commands(CLI::App& app, CliContext& context) {
  add_search_command(app, context);
  add_pareto_command(app, context);
  add_explain_command(app, context);
  add_train_command(app, context);
  add_eval_command(app, context);
  add_plan_command(app, context);
  add_calibrate_command(app, context);
  add_export_command(app, context);
  add_verify_command(app, context);
  add_data_command(app, context);
  add_batch_command(app, context);
  add_mcus_command(app, context);
  add_spaces_command(app, context);
  add_completion_command(app, context);
  // A command that takes anything (one that this build lacks, Python's) must not hand it on to the
  // root.
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->get_allow_extras()) command->fallthrough(false);
  }
}

void declare(CLI::App& app, CliContext& context, GlobalOptions& options) {
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "Print this help and exit")->configurable(false);
  app.set_version_flag("--version", version_details, "Print versions and features and exit")
      ->configurable(false);
  app.add_option("--config", options.config, "Options from a TOML file")
      ->type_name("FILE")
      ->configurable(false);
  app.add_flag("-q,--quiet", options.quiet, "No progress, warnings only");
  app.add_flag("-v,--verbose", options.verbose, "More log lines");
  app.fallthrough();
  add_commands(app, context);
}

int run_command(CLI::App& app, CliContext& context, const GlobalOptions& options) {
  if (!context.command) {
    context.err << app.help();
    return static_cast<int>(ExitCode::kBadInput);
  }
  context.quiet = options.quiet || !context.group.leads();
  if (options.quiet) set_log_level(LogLevel::kWarning);
  if (options.verbose) set_log_level(LogLevel::kDebug);
  return context.command();
}

/// Parses and runs. `explain` keeps what is needed to explain an error.
int parse_and_run(CLI::App& app, CliContext& context, GlobalOptions& options,
                  const std::vector<std::string>& typed, ResolvedArguments& resolved) {
  try {
    const bool asks_only = std::any_of(typed.begin(), typed.end(), [](const std::string& word) {
      return word == "-h" || word == "--help" || word == "--version";
    });
    if (!asks_only) resolved = resolve_arguments(app, typed);
    const std::vector<std::string>& words = asks_only ? typed : resolved.arguments;
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them reversed
  } catch (const CLI::CallForHelp&) {
    context.out << app.help();
    return 0;
  } catch (const CLI::CallForVersion& version) {
    context.out << version.what() << '\n';
    return 0;
  } catch (const CLI::ParseError& error) {
    throw BadInput(usage_message(app, error));
  }
  return run_command(app, context, options);
}

void print_error(CliContext& context, const char* kind, std::string message) {
  context.end_progress();
  if (message.empty()) return;  // the leader of the group says it
  const ProcessGroup& group = context.group;
  if (!group.leads()) {
    message = "process " + std::to_string(group.rank) + " of " + std::to_string(group.size) + ": " +
              message;
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  const char* red = context.color ? "\033[31m" : "";
  const char* plain = context.color ? "\033[0m" : "";
  context.err << "tinynas: " << red << kind << plain << ": " << message << std::endl;
}

int report_current_exception(CliContext& context, const ResolvedArguments& resolved) {
  try {
    throw;
  } catch (const Interrupted& error) {
    print_error(context, "interrupted", error.what());
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    print_error(context, "error", resolved.explain(error.what()));
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    print_error(context, "error", "out of memory");
  } catch (const std::exception& error) {
    print_error(context, "internal error", error.what());
  } catch (...) {
    print_error(context, "internal error", "unknown");
  }
  return static_cast<int>(ExitCode::kInternal);
}

/// Writes the whole result to stdout; 0, or why that failed.
int write_to_stdout(const std::string& text) {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  return 0;
}

/// A result that could not be written is no success; a reader that went away (EPIPE where SIGPIPE
/// is ignored, as in Python) has had what it wanted and needs no message.
int finish_output(CliContext& context, const std::string& result, int code) {
  const int cause = write_to_stdout(result);
  if (cause == 0) return code;
  if (cause != EPIPE) {
    print_error(context, "error",
                std::string("the result could not be written to stdout: ") + std::strerror(cause));
  }
  return code == 0 ? static_cast<int>(ExitCode::kInternal) : code;
}

}  // namespace

int cli_main(int argc, char** argv, const ProcessGroup& group) {
  std::ostringstream result;  // written at the end, so that every failure to write it is noticed
  CliContext context{.out = result, .err = std::cerr};
  context.group = group;
  context.err_is_tty = ::isatty(STDERR_FILENO) == 1;
  context.color = context.err_is_tty && !is_set("NO_COLOR");
  ResolvedArguments resolved;
  int code = 0;
  try {
    CLI::App app("Neural architecture search for microcontrollers", "tinynas");
    GlobalOptions options;
    declare(app, context, options);
    const std::vector<std::string> typed(argv + std::min(argc, 1), argv + argc);
    code = parse_and_run(app, context, options, typed, resolved);
    context.end_progress();
  } catch (...) {
    code = report_current_exception(context, resolved);
  }
  return finish_output(context, std::move(result).str(), code);
}

}  // namespace tinynas
