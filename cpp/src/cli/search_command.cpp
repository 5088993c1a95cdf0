#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>

#include "cli/boards_report.h"
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
  McuOptions mcu;      ///< as typed: one board or several
  std::string extend;  ///< a run directory
  bool json = false;
  bool verify = false;
};

#ifdef TINYNAS_WITH_TORCH

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// What is asked, with the boards apart and what --extend takes from its run.
SearchRequest full_request(const SearchCommand& command) {
  const std::vector<McuOptions> boards = split_boards(command.mcu);
  if (command.extend.empty()) {
    SearchRequest request = command.request;
    request.boards = boards;
    return request;
  }
  if (command.mcu.mcu.empty()) throw BadInput("--extend: name the boards to add with --mcu");
  SearchRequest request = read_request(command.extend);
  request.threads = command.request.threads;
  request.extend = true;
  add_boards(request, boards);
  return request;
}

/// What --verify needs is told before the search, not after it.
void require_verification(const SearchRequest& request) {
  if (request.runtime != kDefaultRuntime) {
    throw BadInput("--verify: generated C follows the rules of --runtime " +
                   std::string(kDefaultRuntime) + ", not of '" + request.runtime + "'");
  }
  for (const McuOptions& board : request.boards) {
    require_firmware_check(resolve_mcu(board, target_runtime(request.runtime, board)).mcu);
  }
}

/// The winner as its run directory has it, which is what `tinynas verify RUN` reads.
FirmwareVerdict verify_winner(CliContext& context, const BoardResult& board, const StopFn& stop) {
  const SearchProblem& problem = board.problem;
  const FirmwareVerdict verdict =
      check_firmware({find_network(board.run_dir), board.target, problem.runtime, problem.input,
                      problem.depthwise_rows},
                     context.progress(), stop);
  context.end_progress();
  const Footprint& planned = board.result.best->proposal.candidate.footprint;
  if (verdict.plan.footprint().peak_sram_bytes != planned.peak_sram_bytes) {
    throw std::logic_error(
        "the winner's file needs " + std::to_string(verdict.plan.peak_sram_bytes) +
        " bytes of SRAM, the search planned " + std::to_string(planned.peak_sram_bytes));
  }
  return verdict;
}

/// Fills `document`, that of the board; false when the winner is not as planned.
bool verify_board(CliContext& context, const SearchCommand& command, const BoardResult& board,
                  Json& document, const StopFn& stop) {
  document["verified"] = nullptr;
  if (!command.verify || !board.result.best) return true;
  const FirmwareVerdict verdict = verify_winner(context, board, stop);
  document["verified"] = verdict_json(verdict);
  document["verified"]["holds"] = verdict.holds();
  if (!command.json) context.out << "\n" << verdict_text(verdict);
  return verdict.holds();
}

std::string report(const SearchJobResult& job, double seconds) {
  if (job.boards.size() > 1) return boards_report(job, seconds);
  const BoardResult& board = job.boards.front();
  return search_report(board.result, board.problem, board.target, job.run_dir, seconds);
}

int search(CliContext& context, const SearchCommand& command) {
  const Clock::time_point start = Clock::now();
  const SearchRequest request = full_request(command);
  if (command.verify) require_verification(request);
  const StopFn stop = catch_stop_signals();
  const SearchJobResult job = run_search_job(request, context.sparse_progress(), stop);
  context.end_progress();
  const SearchStatus status = job.status();
  if (status == SearchStatus::kInterrupted) {
    int measured = 0;
    for (const BoardResult& board : job.boards) measured += board.result.measured;
    throw Interrupted("stopped after " + std::to_string(measured) +
                      " measurements; go on with the same options" +
                      (request.extend ? "" : " and --run-dir " + job.run_dir));
  }
  if (!command.json) context.out << report(job, seconds_between(start, Clock::now()));
  Json document = parse_json(search_job_json(job), "result");
  const auto print_document = [&] {
    if (command.json) print_json(context, document);
  };
  bool as_planned = true;
  try {
    for (std::size_t i = 0; i < job.boards.size(); ++i) {
      Json& of_board = job.boards.size() == 1 ? document : document["boards"][i];
      as_planned = verify_board(context, command, job.boards[i], of_board, stop) && as_planned;
    }
  } catch (...) {
    print_document();  // what was found is not lost where verifying it fails
    throw;
  }
  print_document();
  if (!as_planned) return static_cast<int>(ExitCode::kInternal);
  return static_cast<int>(status == SearchStatus::kFound ? ExitCode::kOk : ExitCode::kNothingFits);
}

#else

int search(CliContext&, const SearchCommand&) { fail_without_torch("search"); }

#endif

void add_choice(CLI::App& app, CliContext& context, const char* flag, std::string& value,
                const char* help, std::vector<std::string> choices) {
  CLI::Option* option = app.add_option(flag, value, help)->type_name("NAME")->capture_default_str();
  context.choices[option] = [choices] { return choices; };
}

void add_effort_options(CLI::App& app, SearchRequest& request) {
  app.add_option("--seed", request.seed, "Same seed, same result")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--measurements", request.measurements,
                 "Distinct networks whose accuracy is measured (default: the preset's, 120)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--further-measurements", request.further_measurements,
                 "The same for each board of --mcu but the first, which share what is measured "
                 "(default: a quarter)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--screen-images", request.screen_images,
                 "Measure on so few validation images first, and on more "
                 "only what may still be the best; 250 is reasonable")
      ->type_name("N")
      ->check(CLI::Range(10, 1000000));
  app.add_option("--patience", request.patience,
                 "End when so many measurements in a row brought nothing better")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--minutes", request.minutes,
                 "End measuring after so long; finalists and test come on top")
      ->type_name("MINUTES")
      ->check(CLI::PositiveNumber);
}

void add_search_options(CLI::App& app, CliContext& context, SearchRequest& request) {
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
  app.add_option("--device", request.device, "As torch spells it: cpu, cuda, cuda:1")
      ->type_name("NAME")
      ->capture_default_str();
}

/// What --extend takes from its run, and so cannot be typed beside it: all but these.
void exclude_others(CLI::App& app, CLI::Option* extend) {
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    bool beside = option == extend;
    for (const char* kept : {"--help", "--mcu", "--sram", "--flash", "--reserve-sram",
                             "--reserve-flash", "--latency-ms", "--calibration",
                             "--allow-uncalibrated", "--macs", "--threads", "--verify", "--json"}) {
      beside = beside || name == kept;
    }
    if (!beside) extend->excludes(option);
  }
}

}  // namespace

void add_search_command(CLI::App& app, CliContext& context) {
  auto command = std::make_shared<SearchCommand>();
  SearchRequest& request = command->request;
  CLI::App* search_app =
      app.add_subcommand("search", "Find the most accurate network that fits a part");
  // Without torch there is one answer to anything: how to get it.
  search_app->allow_extras(!kWithTorch);
  add_mcu_options(*search_app, context, command->mcu, kWithTorch);
  search_app->get_option("--mcu")
      ->description(
          "Part (see `tinynas mcus`) or a board file; several, with commas between them, "
          "share what is measured")
      ->type_name("NAME|FILE.toml,...");
  add_latency_options(*search_app, command->mcu);
  add_macs_option(*search_app, command->mcu);
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
  add_effort_options(*search_app, request);
  add_search_options(*search_app, context, request);
  search_app
      ->add_option("--threads", request.threads,
                   "Candidates measured at once on a CPU (0: all cores); changes no result")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  search_app
      ->add_option("--run-dir", request.run_dir,
                   "Where the run is kept (default: a fresh folder under runs/)")
      ->type_name("DIR");
  add_choice(*search_app, context, "--resume", request.resume,
             "auto: go on with the run in --run-dir if there is one; never; must",
             {"auto", "never", "must"});
  CLI::Option* extend = search_app->add_option(
      "--extend", command->extend,
      "Add the boards of --mcu to this run, with its options and all that it measured");
  extend->type_name("RUN");
  search_app->add_flag("--verify", command->verify,
                       "Then build the winner's C, run it on an emulated Cortex-M, and compare "
                       "with the plan, as `tinynas verify` does");
  search_app->add_flag("--json", command->json, "One JSON document on stdout");
  exclude_others(*search_app, extend);
  search_app->footer(
      "Exit codes: 0 found, 3 nothing fits the budget, 75 interrupted after a checkpoint\n"
      "(Ctrl-C, SIGTERM, SIGUSR1), 2 usage or bad input, 1 the winner is not as planned.");
  search_app->callback([command, &context] {
    context.command = [command, &context] { return search(context, *command); };
  });
}

}  // namespace tinynas
