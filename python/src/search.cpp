// The main job: tinynas/_search.py calls run_search and extend_search, and makes the error of a
// search that found nothing.

#include "tinynas/search.h"

#include <pybind11/stl.h>

#include "bindings.h"
#include "cli/search_job.h"
#include "cli/search_report.h"
#include "tinynas/error.h"

namespace tinynas::python {

#ifdef TINYNAS_WITH_TORCH
namespace {

/// tinynas.SearchResult: one board's.
struct BoundResult {
  std::shared_ptr<const SearchProblem> problem;
  BoardResult board;
};

/// The callback is borrowed: the function may be copied without the GIL. Ctrl-C may be noticed in
/// the callback; then the search stops as if it had been noticed here.
ProgressFn call_with_line(py::handle callback, std::shared_ptr<bool> interrupted) {
  if (callback.is_none()) return {};
  return [callback, interrupted](const std::string& line) {
    const py::gil_scoped_acquire gil;
    try {
      callback(line);
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      *interrupted = true;
    }
  };
}

/// `what`: None for `unset`, else a number above 0.
template <typename T>
T positive_or(const py::object& value, T unset, const char* what) {
  if (value.is_none()) return unset;
  const T number = value.cast<T>();
  if (!(number > 0)) throw BadInput(std::string(what) + ": must be above 0");
  return number;
}

std::vector<std::string> texts(const py::object& values) {
  std::vector<std::string> list;
  for (const py::handle value : values) {
    list.push_back(path_text(py::reinterpret_borrow<py::object>(value)));
  }
  return list;
}

/// The boards that `arguments` names, each with the limits there.
std::vector<McuOptions> boards_of(const py::dict& arguments) {
  std::vector<McuOptions> boards;
  for (const py::handle mcu : arguments["mcus"]) {
    boards.push_back(mcu_options(
        py::reinterpret_borrow<py::object>(mcu), arguments["sram"], arguments["flash"],
        arguments["reserve_sram"], arguments["reserve_flash"], arguments["latency_ms"],
        arguments["calibration"], arguments["allow_uncalibrated"].cast<bool>(), arguments["macs"]));
  }
  return boards;
}

SearchRequest request_of(const py::dict& arguments) {
  SearchRequest request;
  const auto text = [&](const char* key) { return path_text(arguments[key]); };
  request.boards = boards_of(arguments);
  request.space = text("space");
  request.supernet = text("supernet");
  request.data = text("data");
  request.runtime = text("runtime");
  request.input = text("input");
  request.depthwise_rows = text("depthwise_rows");
  request.preset = text("preset");
  request.engine = text("engine");
  request.seed = arguments["seed"].cast<std::uint64_t>();
  request.measurements = positive_or(arguments["measurements"], 0, "measurements");
  request.further_measurements =
      positive_or(arguments["further_measurements"], 0, "further_measurements");
  request.screen_images = positive_or(arguments["screen_images"], 0, "screen_images");
  request.patience = positive_or(arguments["patience"], 0, "patience");
  request.minutes = positive_or(arguments["minutes"], 0.0, "minutes");
  request.freeze = texts(arguments["freeze"]);
  request.include = texts(arguments["include"]);
  request.run_dir = text("run_dir");
  request.resume = text("resume");
  request.keep_run = false;
  request.device = text("device");
  return request;
}

std::vector<BoundResult> run(SearchRequest request, const py::object& threads,
                             const py::object& progress) {
  request.threads = threads.cast<int>();
  if (request.threads < 0) throw BadInput("threads: must be 0 or more");
  const auto interrupted = std::make_shared<bool>(false);
  const ProgressFn say = call_with_line(progress, interrupted);
  const py::gil_scoped_release unlocked;
  SearchJobResult job = run_search_job(request, say, stop_on_interrupt(interrupted));
  std::vector<BoundResult> results;
  for (BoardResult& board : job.boards) {
    auto problem = std::make_shared<const SearchProblem>(board.problem);
    results.push_back({std::move(problem), std::move(board)});
  }
  return results;
}

std::vector<BoundResult> search(const py::dict& arguments, const py::object& progress) {
  return run(request_of(arguments), arguments["threads"], progress);
}

std::vector<BoundResult> extend(const py::dict& arguments, const py::object& progress) {
  SearchRequest request = read_request(path_text(arguments["run_dir"]));
  request.extend = true;
  add_boards(request, boards_of(arguments));
  return run(std::move(request), arguments["threads"], progress);
}

BoundProposal bind(const BoundResult& result, const Candidate& candidate, Origin origin) {
  return {result.problem, {-1, 0, origin, candidate}};
}

std::vector<BoundCandidate> bind(const BoundResult& result, const std::vector<Trial>& trials) {
  std::vector<BoundCandidate> bound;
  for (const Trial& trial : trials) {
    bound.push_back({{result.problem, trial.proposal}, trial.measurement, trial.int8, {}, {}});
  }
  return bound;
}

std::optional<BoundCandidate> best(const BoundResult& result) {
  const SearchResult& found = result.board.result;
  if (!found.best) return std::nullopt;
  return BoundCandidate{{result.problem, found.best->proposal},
                        found.best->measurement,
                        found.best->int8,
                        found.test,
                        found.test_int8};
}

std::optional<BoundProposal> smallest(const BoundResult& result) {
  const auto& nearest = result.board.result.planning.nearest;
  if (!nearest) return std::nullopt;
  return bind(result, *nearest, Origin::kRandom);
}

const char* status_name(SearchStatus status) {
  switch (status) {
    case SearchStatus::kFound:
      return "found";
    case SearchStatus::kNothingFits:
      return "nothing-fits";
    default:
      return "interrupted";
  }
}

}  // namespace

void bind_search(py::module_& module) {
  using R = BoundResult;
  py::class_<R>(module, "RawResult")
      .def_property_readonly("status",
                             [](const R& r) { return status_name(r.board.result.status); })
      .def_property_readonly("best", &best)
      .def_property_readonly("smallest", &smallest)
      .def_property_readonly("trials", [](const R& r) { return bind(r, r.board.result.trials); })
      .def_property_readonly("finalists",
                             [](const R& r) { return bind(r, r.board.result.finalists); })
      .def_property_readonly("pareto", [](const R& r) { return bind(r, r.board.result.pareto); })
      .def_property_readonly(
          "largest", [](const R& r) { return bind(r, r.board.result.largest, Origin::kLargest); })
      .def_property_readonly("largest_measurement",
                             [](const R& r) { return r.board.result.largest_measurement; })
      .def_property_readonly("quantisation", [](const R& r) { return r.board.result.quantisation; })
      .def_property_readonly("planned", [](const R& r) { return r.board.result.planning.planned; })
      .def_property_readonly("measured", [](const R& r) { return r.board.result.measured; })
      .def_property_readonly("mcu", [](const R& r) { return r.problem->budget.name; })
      .def_property_readonly("space", [](const R& r) { return r.problem->space; })
      .def_property_readonly("run_dir", [](const R& r) { return r.board.run_dir; })
      .def("to_dict",
           [](const R& r) {
             return to_python(search_result_json(r.board.result, r.board.problem, r.board.run_dir));
           })
      .def(
          "report",
          [](const R& r, double seconds) {
            return search_report(r.board.result, r.board.problem, r.board.target, r.board.run_dir,
                                 seconds);
          },
          py::arg("seconds"));
  module.def("run_search", &search, py::arg("arguments"), py::arg("progress"));
  module.def("extend_search", &extend, py::arg("arguments"), py::arg("progress"));
}

#else

void bind_search(py::module_&) {}

#endif

}  // namespace tinynas::python
