#pragma once
// What the binding files share. Each NAME.cpp binds one module of the C++ library; the GIL is
// released around everything that can take longer than a millisecond.

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>

#include "base/json_io.h"
#include "cli/mcu_options.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"
#include "tinynas/progress.h"
#include "tinynas/search_algorithm.h"
#include "tinynas/search_space.h"

namespace tinynas::python {

namespace py = pybind11;

/// tinynas.Subnet: a network together with its space.
struct BoundSubnet {
  SearchSpace space;
  Genotype genotype;
};

/// tinynas.MemoryPlan: a plan with the network that it is of.
struct BoundPlan {
  Network network;
  MemoryPlan plan;
  std::optional<McuBudget> budget;
  RuntimeModel runtime;
  PlanOptions options;  ///< which made the plan
  const Graph& graph() const { return network.under(runtime); }
};

/// tinynas.Proposal: a network that was planned against a budget.
struct BoundProposal {
  std::shared_ptr<const SearchProblem> problem;
  Proposal proposal;
};

/// tinynas.Candidate: a proposal that was measured.
struct BoundCandidate : BoundProposal {
  Measurement measurement;
  std::optional<Measurement> int8, test, test_int8;
};

void bind_errors(py::module_& module);
void bind_mcu(py::module_& module);
void bind_space(py::module_& module);
void bind_plan(py::module_& module);
void bind_int8(py::module_& module);
void bind_engine(py::module_& module);
void bind_surrogate(py::module_& module);
void bind_supernet(py::module_& module);
void bind_search(py::module_& module);
void bind_export(py::module_& module);
void bind_cli(py::module_& module);

/// Dictionaries, lists and numbers, as json.loads makes them.
py::object to_python(const std::string& json_text);
/// "" for None; text of a str or an os.PathLike. Throws TypeError for anything else.
std::string path_text(const py::object& value);
/// "" for None, else an int or a text such as "320KiB" as parse_bytes reads it. Throws BadInput.
std::string bytes_text(const py::object& value, const char* name);
/// Budget arguments as every function takes them. `mcu` is a name, a path, a Mcu or None.
McuOptions mcu_options(const py::object& mcu, const py::object& sram, const py::object& flash,
                       const py::object& reserve_sram, const py::object& reserve_flash,
                       const py::object& latency_ms = py::none(),
                       const py::object& calibration = py::none(), bool allow_uncalibrated = false,
                       const py::object& macs = py::none());

/// Plans `network` against what the options say; without an `mcu` there is no budget.
BoundPlan make_plan(Network network, const McuOptions& mcu, const std::string& runtime,
                    const std::string& input, const std::string& depthwise_rows);

/// Runs Python's signal handlers, with the GIL held; throws what they raise.
void check_signals();
/// True once Ctrl-C was pressed or `interrupted` was set elsewhere; what other signal handlers
/// raise is thrown. For the main thread, without the GIL.
StopFn stop_on_interrupt(std::shared_ptr<bool> interrupted);

}  // namespace tinynas::python
