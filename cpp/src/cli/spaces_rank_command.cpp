#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string_view>

#include "base/files.h"
#include "cli/cell_report.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct RankCommand {
  std::string space, widths, resolutions, cdf, write_space;
  std::string runtimes = kDefaultRuntime;
  std::string criterion = rank_criterion_name(RankCriterion::kExpectedBest);
  RankingOptions options;
  McuOptions mcu;
  std::size_t top = 10;
  bool json = false;
};

std::vector<std::string> criterion_names() {
  return {rank_criterion_name(RankCriterion::kExpectedBest),
          rank_criterion_name(RankCriterion::kMeanMacs)};
}

/// The words between commas, each once, in the order given.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
    begin = end + 1;
  }
  return list;
}

/// Numbers between commas, ascending; none of an empty text.
template <typename Number>
std::vector<Number> numbers(const std::string& text, Number low, Number high,
                            const std::string& mend) {
  std::vector<Number> list;
  if (text.empty()) return list;
  for (const std::string& word : words(text)) {
    Number value{};
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(value >= low && value <= high)) {
      throw BadInput(mend + ", not '" + word + "'");
    }
    list.push_back(value);
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

RankingOptions ranking_options(const RankCommand& command) {
  RankingOptions options = command.options;
  options.widths = numbers(command.widths, 0.01, 8.0,
                           "--widths: must be numbers from 0.01 to 8 between commas (0.25,0.5)");
  options.resolutions =
      numbers(command.resolutions, 4, 1024,
              "--resolutions: must be pixels from 4 to 1024 between commas (96,128)");
  if (command.criterion == rank_criterion_name(RankCriterion::kMeanMacs)) {
    options.criterion = RankCriterion::kMeanMacs;
  } else if (command.criterion != rank_criterion_name(RankCriterion::kExpectedBest)) {
    throw BadInput("--criterion: '" + command.criterion + "' is not expected-best or mean-macs" +
                   did_you_mean(command.criterion, criterion_names()));
  }
  if (options.best_of > options.networks) {
    throw BadInput("--best-of: " + std::to_string(options.best_of) + " draws need as many; raise " +
                   "--networks, which is " + std::to_string(options.networks));
  }
  return options;
}

std::vector<RankingTarget> ranking_targets(const RankCommand& command) {
  std::vector<RankingTarget> targets;
  for (const std::string& name : words(command.runtimes)) {
    const RuntimeModel runtime = target_runtime(name, command.mcu);
    targets.push_back({runtime, resolve_mcu(command.mcu, runtime).budget});
  }
  return targets;
}

/// Cells that cannot be, with the options that named them.
void check_cells(const SearchSpace& space, const RankingOptions& options) {
  try {
    for (const double width : options.widths) space.cell(default_resolutions(space).front(), width);
    for (const int resolution : options.resolutions) {
      space.cell(resolution, default_widths(space).back());
    }
  } catch (const BadInput& error) {
    throw BadInput(std::string("--widths, --resolutions: ") + error.what());
  }
}

/// The winning cell as a space of its own.
std::string space_file(const CellReport& report) {
  const SpaceRanking& ranking = report.rankings.front();
  const RankedCell& cell = ranking.cells.front();
  return "# Best of " + std::to_string(ranking.cells.size()) + " cells of " + report.space.name() +
         " for " + ranking.target.budget.name + " under the rules of " +
         ranking.target.runtime.name + ", as `tinynas spaces rank` found it.\n" +
         cell.space.toml_text();
}

int rank(CliContext& context, const RankCommand& command) {
  if (!command.write_space.empty() && std::filesystem::exists(command.write_space)) {
    throw BadInput(command.write_space +
                   ": is there already; name another file with --write-space");
  }
  const std::vector<RankingTarget> targets = ranking_targets(command);
  CellReport report{SearchSpace::find(command.space), ranking_options(command), {}};
  check_cells(report.space, report.options);
  const auto start = std::chrono::steady_clock::now();
  report.rankings = rank_cells(report.space, targets, report.options, context.sparse_progress());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  context.end_progress();
  const bool found = report.rankings.front().anything_fits();
  if (!command.cdf.empty()) write_file_atomic(command.cdf, cells_csv(report));
  if (!command.write_space.empty() && found) {
    write_file_atomic(command.write_space, space_file(report));
  }
  if (command.json) {
    print_json(context, cells_json(report));
  } else {
    context.out << cells_text(report, command.top, took.count());
  }
  return static_cast<int>(found ? ExitCode::kOk : ExitCode::kNothingFits);
}

void add_cell_options(CLI::App& app, CliContext& context, RankCommand& command) {
  CLI::Option* space = app.add_option("--space", command.space, "Search space")
                           ->type_name("NAME|FILE.toml")
                           ->required();
  context.choices[space] = SearchSpace::list_names;
  app.add_option("--widths", command.widths,
                 "Width multipliers (default: the space's, or 0.2,0.3,...,1)")
      ->type_name("N,N,...");
  app.add_option("--resolutions", command.resolutions, "Pixels (default: the space's)")
      ->type_name("N,N,...");
  app.add_option("--networks", command.options.networks, "Networks drawn from each cell")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--seed", command.options.seed, "Same seed, same result")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_criterion_options(CLI::App& app, CliContext& context, RankCommand& command) {
  CLI::Option* runtime =
      app.add_option("--runtime", command.runtimes,
                     "Whose memory rules apply; several to compare, of which the first decides")
          ->type_name("NAME,...")
          ->capture_default_str();
  context.choices[runtime] = list_runtimes;
  CLI::Option* criterion =
      app.add_option("--criterion", command.criterion,
                     "expected-best: MACs of the best of --best-of draws, as expected, 0 for what "
                     "does not fit; mean-macs: mean of what fits, as published")
          ->type_name("NAME")
          ->capture_default_str();
  context.choices[criterion] = criterion_names;
  app.add_option("--best-of", command.options.best_of, "Draws of which the best is expected")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
}

void add_output_options(CLI::App& app, RankCommand& command) {
  app.add_option("--top", command.top, "Cells that the table shows")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--cdf", command.cdf,
                 "Write how MACs are distributed: runtime, width, resolution, MACs, share of all "
                 "drawn that fit with at most these")
      ->type_name("FILE.csv");
  app.add_option("--write-space", command.write_space,
                 "Write the best cell as a search space, for `tinynas train --space FILE.toml`")
      ->type_name("FILE.toml")
      ->check([](const std::string& path) {
        return path.ends_with(".toml") ? std::string() : std::string("must end in .toml");
      });
}

}  // namespace

void add_spaces_rank_command(CLI::App& spaces, CliContext& context) {
  auto command = std::make_shared<RankCommand>();
  CLI::App* app = spaces.add_subcommand(
      "rank", "Which resolution and width of a space suit a part, from footprints alone");
  add_mcu_options(*app, context, command->mcu);
  add_latency_options(*app, command->mcu);
  add_cell_options(*app, context, *command);
  add_criterion_options(*app, context, *command);
  add_output_options(*app, *command);
  app->add_flag("--json", command->json, "One JSON document on stdout");
  app->footer("Exit codes: 0 ranked, 3 nothing fits in any cell, 2 usage or bad input.");
  app->callback([command, &spaces, &context] {
    command->json = command->json || spaces.count("--json") > 0;
    context.command = [command, &context] { return rank(context, *command); };
  });
}

}  // namespace tinynas
