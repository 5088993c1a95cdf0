#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/firmware_check.h"
#include "cli/search_job.h"
#include "cli/search_report.h"
#include "cli/stop_signals.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct SearchCommand {
  SearchRequest request;
  bool json = false;
  bool verify = false;
};

#ifdef TINYNAS_WITH_TORCH

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// What --verify needs is told before the search, not after it.
void require_verification(const SearchRequest& request) {
  if (request.runtime != kDefaultRuntime) {
    throw BadInput("--verify: generated C follows the rules of --runtime " +
                   std::string(kDefaultRuntime) + ", not of '" + request.runtime + "'");
  }
  require_firmware_check(
      resolve_mcu(request.mcu, target_runtime(request.runtime, request.mcu)).mcu);
}

/// The winner as its run directory has it, which is what `tinynas verify RUN` reads.
FirmwareVerdict verify_winner(CliContext& context, const SearchJobResult& job, const StopFn& stop) {
  const SearchProblem& problem = job.problem;
  const FirmwareVerdict verdict =
      check_firmware({find_network(job.run_dir), job.target, problem.runtime, problem.input,
                      problem.depthwise_rows},
                     context.progress(), stop);
  context.end_progress();
  const Footprint& planned = job.result.best->proposal.candidate.footprint;
  if (verdict.plan.footprint().peak_sram_bytes != planned.peak_sram_bytes) {
    throw std::logic_error(
        "the winner's file needs " + std::to_string(verdict.plan.peak_sram_bytes) +
        " bytes of SRAM, the search planned " + std::to_string(planned.peak_sram_bytes));
  }
  return verdict;
}

int search(CliContext& context, const SearchCommand& command) {
  const Clock::time_point start = Clock::now();
  if (command.verify) require_verification(command.request);
  const StopFn stop = catch_stop_signals();
  const SearchJobResult job = run_search_job(command.request, context.sparse_progress(), stop);
  context.end_progress();
  if (job.result.status == SearchStatus::kInterrupted) {
    throw Interrupted("stopped after " + std::to_string(job.result.trials.size()) +
                      " measurements; go on with the same options and --run-dir " + job.run_dir);
  }
  if (!command.json) {
    context.out << search_report(job.result, job.problem, job.target, job.run_dir,
                                 seconds_between(start, Clock::now()));
  }
  Json document = parse_json(search_result_json(job.result, job.problem, job.run_dir), "result");
  document["verified"] = nullptr;
  bool as_planned = true;
  const auto print_document = [&] {
    if (command.json) print_json(context, document);
  };
  if (command.verify && job.result.best) {
    try {
      const FirmwareVerdict verdict = verify_winner(context, job, stop);
      as_planned = verdict.holds();
      document["verified"] = verdict_json(verdict);
      document["verified"]["holds"] = as_planned;
      if (!command.json) context.out << "\n" << verdict_text(verdict);
    } catch (...) {
      print_document();  // what was found is not lost where verifying it fails
      throw;
    }
  }
  print_document();
  if (!as_planned) return static_cast<int>(ExitCode::kInternal);
  return static_cast<int>(job.result.status == SearchStatus::kFound ? ExitCode::kOk
                                                                    : ExitCode::kNothingFits);
}

#else

int search(CliContext&, const SearchCommand&) { fail_without_torch("search"); }

#endif

void add_choice(CLI::App& app, CliContext& context, const char* flag, std::string& value,
                const char* help, std::vector<std::string> choices) {
  CLI::Option* option = app.add_option(flag, value, help)->type_name("NAME")->capture_default_str();
  context.choices[option] = [choices] { return choices; };
}

void add_effort_options(CLI::App& app, CliContext& context, SearchRequest& request) {
  app.add_option("--seed", request.seed, "Same seed, same result")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--measurements", request.measurements,
                 "Distinct networks whose accuracy is measured (default: the preset's, 120)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--freeze", request.freeze,
                 "Search only networks with these choices: \"resolution=28 stage*.kernel=3\"")
      ->type_name("GENES");
  app.add_option("--include", request.include,
                 "Measure this known network first: a subnet file, or its genes; may be repeated")
      ->type_name("FILE|GENES");
  add_choice(app, context, "--preset", request.preset,
             "default: a minute on two cores; published: MCUNet's loop, 3,100 measurements",
             {"default", "published"});
  add_choice(app, context, "--engine", request.engine,
             "Who proposes networks: tinynas (ours); evolution (MCUNet's loop), regularized (aging "
             "evolution), nsga2 and random as baselines (default: the preset's)",
             engine_names());
  add_choice(app, context, "--runtime", request.runtime, "Whose memory rules apply",
             list_runtimes());
  add_input_option(app, context, request.input);
  add_depthwise_rows_option(app, context, request.depthwise_rows);
  app.add_option("--device", request.evaluator.device, "As torch spells it: cpu, cuda, cuda:1")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--threads", request.evaluator.threads,
                 "Candidates measured at once on a CPU (0: all cores); changes no result")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

}  // namespace

void add_search_command(CLI::App& app, CliContext& context) {
  auto command = std::make_shared<SearchCommand>();
  SearchRequest& request = command->request;
  CLI::App* search_app =
      app.add_subcommand("search", "Find the most accurate network that fits a part");
  // Without torch there is one answer to anything: how to get it.
  search_app->allow_extras(!kWithTorch);
  add_mcu_options(*search_app, context, request.mcu, kWithTorch);
  add_latency_options(*search_app, request.mcu);
  add_macs_option(*search_app, request.mcu);
  CLI::Option* space = search_app
                           ->add_option("--space", request.space,
                                        "Search space (default: the supernet's, fashion-mnist)")
                           ->type_name("NAME|FILE.toml");
  context.choices[space] = SearchSpace::list_names;
  search_app
      ->add_option("--supernet", request.supernet,
                   "Supernet file (default: the space's shipped one)")
      ->type_name("FILE.pt");
  search_app
      ->add_option("--data", request.data,
                   "Images that the supernet was trained on (default: Debian's Fashion-MNIST)")
      ->type_name("PATH");
  add_skip_bad_files_option(*search_app, request.skip_bad_files);
  add_effort_options(*search_app, context, request);
  search_app
      ->add_option("--run-dir", request.run_dir,
                   "Where the run is kept (default: a fresh folder under runs/)")
      ->type_name("DIR");
  add_choice(*search_app, context, "--resume", request.resume,
             "auto: go on with the run in --run-dir if there is one; never; must",
             {"auto", "never", "must"});
  search_app->add_flag("--verify", command->verify,
                       "Then build the winner's C, run it on an emulated Cortex-M, and compare "
                       "with the plan, as `tinynas verify` does");
  search_app->add_flag("--json", command->json, "One JSON document on stdout");
  search_app->footer(
      "Exit codes: 0 found, 3 nothing fits the budget, 75 interrupted after a checkpoint\n"
      "(Ctrl-C, SIGTERM, SIGUSR1), 2 usage or bad input, 1 the winner is not as planned.");
  search_app->callback([command, &context] {
    context.command = [command, &context] { return search(context, *command); };
  });
}

}  // namespace tinynas
