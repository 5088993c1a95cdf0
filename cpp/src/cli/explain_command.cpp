#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/explain_report.h"
#include "cli/stop_signals.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct ExplainCommand {
  ExplainRequest request;
  double percent = 10;
  bool json = false;
};

#ifdef TINYNAS_WITH_TORCH

int explain(CliContext& context, const ExplainCommand& command) {
  ExplainRequest request = command.request;
  request.share = command.percent / 100;
  const Explanation explanation =
      run_explain_job(request, context.sparse_progress(), catch_stop_signals());
  context.end_progress();
  if (command.json) {
    print_json(context, explain_json(explanation));
  } else {
    context.out << explain_report(explanation);
  }
  return static_cast<int>(ExitCode::kOk);
}

#else

int explain(CliContext&, const ExplainCommand&) { fail_without_torch("explain"); }

#endif

}  // namespace

void add_explain_command(CLI::App& app, CliContext& context) {
  auto command = std::make_shared<ExplainCommand>();
  CLI::App* explain_app =
      app.add_subcommand("explain", "Why this network: which limit binds, and what more would buy");
  explain_app->allow_extras(!kWithTorch);
  explain_app->add_option("run", command->request.run_dir, "Run directory of a finished search")
      ->type_name("RUN")
      ->required(kWithTorch);
  explain_app
      ->add_option("--more", command->percent, "By how many percent each limit is raised in turn")
      ->type_name("PERCENT")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  explain_app
      ->add_option("--measurements", command->request.measurements,
                   "New networks measured for each limit and for the next board")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  explain_app
      ->add_option("--threads", command->request.threads,
                   "Candidates measured at once on a CPU (0: all cores); changes no result")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  explain_app->add_flag("--json", command->json, "One JSON document on stdout");
  explain_app->callback([command, &context] {
    context.command = [command, &context] { return explain(context, *command); };
  });
}

}  // namespace tinynas
