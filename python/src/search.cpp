// The main job: tinynas/_search.py calls run_search and makes the error of a search that found
// nothing.

#include "tinynas/search.h"

#include <pybind11/stl.h>

#include "bindings.h"
#include "cli/search_job.h"
#include "cli/search_report.h"
#include "tinynas/error.h"

namespace tinynas::python {

#ifdef TINYNAS_WITH_TORCH
namespace {

/// tinynas.SearchResult.
struct BoundResult {
  std::shared_ptr<const SearchProblem> problem;
  SearchJobResult job;
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

BoundResult run(const py::dict& arguments, const py::object& progress) {
  SearchRequest request;
  const auto text = [&](const char* key) { return path_text(arguments[key]); };
  request.mcu =
      mcu_options(arguments["mcu"], arguments["sram"], arguments["flash"],
                  arguments["reserve_sram"], arguments["reserve_flash"], arguments["latency_ms"],
                  arguments["calibration"], arguments["allow_uncalibrated"].cast<bool>());
  request.space = text("space");
  request.supernet = text("supernet");
  request.data = text("data");
  request.runtime = text("runtime");
  request.input = text("input");
  request.depthwise_rows = text("depthwise_rows");
  request.preset = text("preset");
  request.engine = text("engine");
  request.seed = arguments["seed"].cast<std::uint64_t>();
  if (const py::object n = arguments["measurements"]; !n.is_none()) {
    request.measurements = n.cast<int>();
    if (request.measurements < 1) throw BadInput("measurements: must be 1 or more");
  }
  request.run_dir = text("run_dir");
  request.resume = text("resume");
  request.keep_run = false;
  request.evaluator.device = text("device");
  request.evaluator.threads = arguments["threads"].cast<int>();
  if (request.evaluator.threads < 0) throw BadInput("threads: must be 0 or more");
  const auto interrupted = std::make_shared<bool>(false);
  const ProgressFn say = call_with_line(progress, interrupted);
  const py::gil_scoped_release unlocked;
  SearchJobResult job = run_search_job(request, say, stop_on_interrupt(interrupted));
  auto problem = std::make_shared<const SearchProblem>(job.problem);
  return {std::move(problem), std::move(job)};
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
  const SearchResult& found = result.job.result;
  if (!found.best) return std::nullopt;
  return BoundCandidate{{result.problem, found.best->proposal},
                        found.best->measurement,
                        found.best->int8,
                        found.test,
                        found.test_int8};
}

std::optional<BoundProposal> smallest(const BoundResult& result) {
  const auto& nearest = result.job.result.planning.nearest;
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
      .def_property_readonly("status", [](const R& r) { return status_name(r.job.result.status); })
      .def_property_readonly("best", &best)
      .def_property_readonly("smallest", &smallest)
      .def_property_readonly("trials", [](const R& r) { return bind(r, r.job.result.trials); })
      .def_property_readonly("finalists",
                             [](const R& r) { return bind(r, r.job.result.finalists); })
      .def_property_readonly("pareto", [](const R& r) { return bind(r, r.job.result.pareto); })
      .def_property_readonly(
          "largest", [](const R& r) { return bind(r, r.job.result.largest, Origin::kLargest); })
      .def_property_readonly("largest_measurement",
                             [](const R& r) { return r.job.result.largest_measurement; })
      .def_property_readonly("quantisation", [](const R& r) { return r.job.result.quantisation; })
      .def_property_readonly("planned", [](const R& r) { return r.job.result.planning.planned; })
      .def_property_readonly("measured", [](const R& r) { return r.job.result.trials.size(); })
      .def_property_readonly("space", [](const R& r) { return r.problem->space; })
      .def_property_readonly("run_dir", [](const R& r) { return r.job.run_dir; })
      .def("to_dict",
           [](const R& r) {
             return to_python(search_result_json(r.job.result, r.job.problem, r.job.run_dir));
           })
      .def(
          "report",
          [](const R& r, double seconds) {
            return search_report(r.job.result, r.job.problem, r.job.target, r.job.run_dir, seconds);
          },
          py::arg("seconds"));
  module.def("run_search", &run, py::arg("arguments"), py::arg("progress"));
}

#else

void bind_search(py::module_&) {}

#endif

}  // namespace tinynas::python
