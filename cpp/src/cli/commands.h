#pragma once
// The seam between cli_main and the subcommands, one file each: add_NAME_command declares a
// subcommand's options and says what it does when chosen. All of them exist in every build, so that
// help and completion do not depend on what was built in.

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "base/json_io.h"
#include "tinynas/process_group.h"
#include "tinynas/progress.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tinynas {

/// What a command needs from the outside. Lives until cli_main returns; used by one thread, except
/// for `progress`, which is called by one thread at a time.
struct CliContext {
  std::ostream& out;  ///< results, and nothing else; reaches stdout when the command ends
  std::ostream& err;  ///< progress and messages
  bool err_is_tty = false;
  bool color = false;  ///< of stderr: a TTY, and NO_COLOR not set
  bool quiet = false;  ///< --quiet: no progress
  ProcessGroup group = {};

  /// Set by the callback of the chosen subcommand; called once parsing is done. Returns the exit
  /// code, throws Error.
  std::function<int()> command = {};

  /// Values that an option or positional takes, for shell completion. Called only to write a
  /// script.
  std::map<const CLI::Option*, std::function<std::vector<std::string>()>> choices = {};

  /// One line of progress on stderr: rewritten in place on a TTY, a line of its own otherwise.
  ProgressFn progress();
  /// For work that has a line a second and more: all of them on a TTY, where they replace each
  /// other; elsewhere one in a quarter of a minute.
  ProgressFn sparse_progress();
  /// Ends the line that progress() rewrites, so that other output starts on a fresh one.
  void end_progress();

  std::size_t progress_width = 0;  ///< characters on the line that is being rewritten
};

/// The document of a --json run: two-space indentation and a newline.
void print_json(CliContext& context, const Json& document);

#ifdef TINYNAS_WITH_TORCH
inline constexpr bool kWithTorch = true;
#else
inline constexpr bool kWithTorch = false;
#endif

/// Ends a command that needs weights in a build without torch: throws BadInput with the mend.
[[noreturn]] void fail_without_torch(const std::string& command);

void add_mcus_command(CLI::App& app, CliContext& context);
void add_spaces_command(CLI::App& app, CliContext& context);
/// `tinynas spaces rank`; `spaces` is the command above.
void add_spaces_rank_command(CLI::App& spaces, CliContext& context);
void add_plan_command(CLI::App& app, CliContext& context);
void add_calibrate_command(CLI::App& app, CliContext& context);
void add_export_command(CLI::App& app, CliContext& context);
void add_verify_command(CLI::App& app, CliContext& context);
void add_search_command(CLI::App& app, CliContext& context);
void add_pareto_command(CLI::App& app, CliContext& context);
void add_explain_command(CLI::App& app, CliContext& context);
void add_train_command(CLI::App& app, CliContext& context);
void add_eval_command(CLI::App& app, CliContext& context);
void add_data_command(CLI::App& app, CliContext& context);
void add_batch_command(CLI::App& app, CliContext& context);
void add_completion_command(CLI::App& app, CliContext& context);

}  // namespace tinynas
