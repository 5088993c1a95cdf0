#ifdef TINYNAS_WITH_TORCH

#include "cli/search_setup.h"

#include <set>

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

}  // namespace

Board find_board(const SearchRequest& request, const McuOptions& options) {
  const RuntimeModel runtime = target_runtime(request.runtime, options);
  Board board{resolve_mcu(options, runtime), runtime, runtime_input(runtime, request.input),
              runtime_depthwise_rows(runtime, request.depthwise_rows)};
  require_latency_of_rows(board.target.budget, board.depthwise_rows);
  return board;
}

SearchSetup set_up_search(const SearchRequest& request, const ProgressFn& progress) {
  SearchSetup setup;
  setup.options = search_options(request);
  parse_resume(request.resume, "--resume");
  std::set<std::string> names;
  std::vector<Board> boards;
  for (const McuOptions& options : request.boards) {
    boards.push_back(find_board(request, options));
    setup.targets.push_back(boards.back().target);
    const std::string& name = boards.back().target.budget.name;
    if (!names.insert(name).second) throw BadInput("--mcu: board '" + name + "' is named twice");
  }
  setup.supernet = find_supernet(request);
  const SupernetInfo& info = setup.supernet;
  const SearchSpace space = searched_space(request, info);
  for (const Board& board : boards) setup.problems.push_back(board.problem(space));
  for (const std::string& subnet : request.include) {
    setup.options.engine.include.push_back(chosen_genotype(space, subnet, "--include"));
  }
  if (progress) progress("loading " + info.dataset_name + " and the supernet");
  setup.data = std::make_shared<const Dataset>(load_data_for(
      space, request.data, info.dataset_name, request.skip_bad_files || info.skip_bad_files));
  setup.evaluator =
      SupernetEvaluator::load(info.path, setup.data, {request.device, request.threads});
  return setup;
}

}  // namespace tinynas

#endif
