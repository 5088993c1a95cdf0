#ifdef TINYNAS_WITH_TORCH

#include "cli/search_job.h"

#include "cli/data_options.h"
#include "cli/subnet_option.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kDefaultSpace = "fashion-mnist";

/// The supernet to search, which must be one of the space that was asked for.
SupernetInfo find_supernet(const SearchRequest& request) {
  const std::string space = request.space.empty() ? kDefaultSpace : request.space;
  const std::string path = request.supernet.empty()
                               ? shipped_supernet_path(SearchSpace::find(space).name())
                               : request.supernet;
  SupernetInfo info = read_supernet_info(path);
  if (request.space.empty()) return info;
  const SearchSpace asked = SearchSpace::find(request.space);
  const int classes = static_cast<int>(info.class_names.size());
  if (asked.hash() == info.space_hash ||
      (classes >= 2 && asked.with_classes(classes).hash() == info.space_hash)) {
    return info;
  }
  throw BadInput(path + ": was trained for space '" + info.space_name + "' (" + info.space_hash +
                 "), not for '" + asked.name() + "' (" + asked.hash() +
                 "); name another --supernet, or train one with `tinynas train --space " +
                 request.space + "`");
}

/// The supernet's space, of which what is frozen is left.
SearchSpace searched_space(const SearchRequest& request, const SupernetInfo& info) {
  SearchSpace space = SearchSpace::parse(info.space_toml, info.path);
  for (const std::string& genes : request.freeze) space = frozen_space(space, genes, "--freeze");
  return space;
}

/// "" where no run is kept.
std::string open_directory(const SearchRequest& request, const SearchProblem& problem,
                           Resume resume) {
  if (!request.run_dir.empty()) return request.run_dir;
  if (resume == Resume::kMust) throw BadInput("--resume must needs --run-dir");
  if (!request.keep_run) return "";
  return make_run_directory("runs", problem.budget.name + "-" + problem.space.name() + "-seed" +
                                        std::to_string(request.seed));
}

}  // namespace

SearchJobResult run_search_job(const SearchRequest& request, const ProgressFn& progress,
                               const StopFn& stop) {
  SearchOptions options = search_options(request);
  const Resume resume = parse_resume(request.resume, "--resume");
  const RuntimeModel runtime = target_runtime(request.runtime, request.mcu);
  const McuTarget target = resolve_mcu(request.mcu, runtime);
  const SupernetInfo info = find_supernet(request);
  const SearchProblem problem{searched_space(request, info), target.budget, runtime,
                              runtime_input(runtime, request.input),
                              runtime_depthwise_rows(runtime, request.depthwise_rows)};
  require_latency_of_rows(problem.budget, problem.depthwise_rows);
  for (const std::string& subnet : request.include) {
    options.engine.include.push_back(chosen_genotype(problem.space, subnet, "--include"));
  }
  if (progress) progress("loading " + info.dataset_name + " and the supernet");
  const auto data =
      std::make_shared<const Dataset>(load_data_for(problem.space, request.data, info.dataset_name,
                                                    request.skip_bad_files || info.skip_bad_files));
  const auto evaluator = SupernetEvaluator::load(info.path, data, request.evaluator);

  const RunFields identity = {{"supernet_hash", info.file_hash},
                              {"dataset", info.dataset_name},
                              {"split_hash", data->split_hash},
                              {"device", request.evaluator.device}};
  const RunFields environment = {{"supernet", info.path},
                                 {"data", data->path},
                                 {"torch", torch_version()},
                                 {"threads", std::to_string(request.evaluator.threads)}};
  const std::string directory = open_directory(request, problem, resume);
  std::unique_ptr<RunStore> store;
  if (!directory.empty()) {
    store =
        RunStore::open(directory, resume, describe_run(options, problem, identity, environment));
  }
  SearchCallbacks callbacks;
  callbacks.progress = progress;
  callbacks.stop = stop;
  callbacks.write_weights = [&](const Subnet& subnet, const std::string& path) {
    evaluator->extract(subnet, path);
  };
  callbacks.write_model = [&](const Subnet& subnet, const std::string& path) {
    write_int8_model(evaluator->quantised(subnet), info, path);
  };
  callbacks.quantisation = [&](const Subnet& subnet) {
    return describe(evaluator->quantised(subnet).options);
  };
  SearchResult result = run_search(options, problem, *evaluator, store.get(), callbacks);
  return {target, problem, std::move(result), directory};
}

}  // namespace tinynas

#endif
