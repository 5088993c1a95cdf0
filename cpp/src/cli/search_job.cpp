#ifdef TINYNAS_WITH_TORCH

#include "cli/search_job.h"

#include <algorithm>

#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Longest list of board names in the name of a run directory.
constexpr std::size_t kNamesLength = 60;

/// "" where no run is kept.
std::string open_directory(const SearchRequest& request,
                           const std::vector<SearchProblem>& problems) {
  if (!request.run_dir.empty()) return request.run_dir;
  if (parse_resume(request.resume, "--resume") == Resume::kMust) {
    throw BadInput("--resume must needs --run-dir");
  }
  if (!request.keep_run) return "";
  std::string names;
  for (const SearchProblem& problem : problems) {
    names += (names.empty() ? "" : "+") + problem.budget.name;
  }
  if (names.size() > kNamesLength) names = std::to_string(problems.size()) + "-boards";
  return make_run_directory(
      "runs", names + "-" + problems.front().space.name() + "-seed" + std::to_string(request.seed));
}

std::unique_ptr<RunStore> open_store(const SearchRequest& request, const SearchSetup& setup,
                                     const std::string& directory) {
  if (directory.empty()) return nullptr;
  const RunFields identity = {{"supernet_hash", setup.supernet.file_hash},
                              {"dataset", setup.supernet.dataset_name},
                              {"split_hash", setup.data->split_hash},
                              {"device", request.device}};
  const RunFields environment = {{"supernet", setup.supernet.path},
                                 {"data", setup.data->path},
                                 {"torch", torch_version()},
                                 {"threads", std::to_string(request.threads)}};
  Json run = parse_json(describe_run(setup.options, setup.problems, identity, environment), "run");
  run["request"] = request_json(request);
  return RunStore::open(directory,
                        request.extend ? Resume::kExtend : parse_resume(request.resume, "--resume"),
                        run.dump());
}

}  // namespace

SearchStatus SearchJobResult::status() const {
  SearchStatus status = SearchStatus::kNothingFits;
  for (const BoardResult& board : boards) {
    if (board.result.status == SearchStatus::kInterrupted) return SearchStatus::kInterrupted;
    if (board.result.status == SearchStatus::kFound) status = SearchStatus::kFound;
  }
  return status;
}

SearchJobResult run_search_job(const SearchRequest& request, const ProgressFn& progress,
                               const StopFn& stop) {
  const SearchSetup setup = set_up_search(request, progress);
  SearchJobResult job;
  job.run_dir = open_directory(request, setup.problems);
  const std::unique_ptr<RunStore> store = open_store(request, setup, job.run_dir);
  SearchCallbacks callbacks;
  callbacks.progress = progress;
  callbacks.stop = stop;
  callbacks.write_weights = [&](const Subnet& subnet, const std::string& path) {
    setup.evaluator->extract(subnet, path);
  };
  callbacks.write_model = [&](const Subnet& subnet, const std::string& path) {
    write_int8_model(setup.evaluator->quantised(subnet), setup.supernet, path);
  };
  callbacks.quantisation = [&](const Subnet& subnet) {
    return describe(setup.evaluator->quantised(subnet).options);
  };
  std::vector<SearchResult> results =
      search_boards(setup.options, setup.problems, *setup.evaluator, store.get(), callbacks);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const SearchProblem& problem = setup.problems[i];
    std::string folder = job.run_dir;
    if (!folder.empty() && results.size() > 1) {
      folder += "/" + RunStore::board_folder(problem.budget.name);
    }
    job.boards.push_back({setup.targets[i], problem, std::move(results[i]), folder});
  }
  return job;
}

std::string search_job_json(const SearchJobResult& job) {
  if (job.boards.size() == 1) {
    const BoardResult& board = job.boards.front();
    return search_result_json(board.result, board.problem, job.run_dir);
  }
  std::vector<SearchResult> results;
  std::vector<SearchProblem> problems;
  for (const BoardResult& board : job.boards) {
    results.push_back(board.result);
    problems.push_back(board.problem);
  }
  return boards_result_json(results, problems, job.run_dir);
}

}  // namespace tinynas

#endif
