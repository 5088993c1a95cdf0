#include <pybind11/stl.h>

#include "bindings.h"
#include "cli/network_file.h"
#include "cli/network_source.h"
#include "tinyengine/plan_document.h"

namespace tinynas::python {
namespace {

/// tinynas.OperatorPlan: what one operator needs while it runs.
struct OperatorPlan {
  std::string name;
  OpPlan plan;
};

std::vector<OperatorPlan> operators(const BoundPlan& bound) {
  std::vector<OperatorPlan> rows;
  for (std::size_t i = 0; i < bound.plan.per_op.size(); ++i) {
    rows.push_back({op_name(bound.graph(), i), bound.plan.per_op[i]});
  }
  return rows;
}

py::object fits(const BoundPlan& bound) {
  if (!bound.budget) return py::none();
  return py::bool_(violation(bound.plan.footprint(), *bound.budget).fits());
}

py::object instructions(const BoundPlan& bound) {
  if (bound.plan.instructions == 0) return py::none();
  return py::int_(bound.plan.instructions);
}

/// (low, high)
py::object latency(const BoundPlan& bound) {
  if (!bound.plan.latency_ms) return py::none();
  return py::make_tuple(bound.plan.latency_ms->low_ms, bound.plan.latency_ms->high_ms);
}

py::object latency_source(const BoundPlan& bound) {
  if (!bound.plan.latency_ms) return py::none();
  return py::str(bound.plan.latency_source);
}

std::string peak_operator(const BoundPlan& bound) {
  const std::int32_t peak = bound.plan.peak_op;
  return peak < 0 ? "" : op_name(bound.graph(), static_cast<std::size_t>(peak));
}

py::object document(const BoundPlan& bound) {
  const McuBudget* budget = bound.budget ? &*bound.budget : nullptr;
  return to_python(
      plan_document(bound.network, bound.runtime, bound.options, bound.plan, budget).dump());
}

void bind_operator(py::module_& module) {
  py::class_<OperatorPlan>(module, "OperatorPlan")
      .def_readonly("name", &OperatorPlan::name)
      .def_property_readonly("live_bytes", [](const OperatorPlan& o) { return o.plan.live_bytes; })
      .def_property_readonly("scratch_bytes",
                             [](const OperatorPlan& o) { return o.plan.scratch_bytes; })
      .def_property_readonly("weight_bytes",
                             [](const OperatorPlan& o) { return o.plan.weight_bytes; })
      .def_property_readonly("macs", [](const OperatorPlan& o) { return o.plan.macs; })
      .def_property_readonly("instructions",
                             [](const OperatorPlan& o) { return o.plan.instructions; })
      .def("__repr__", [](const OperatorPlan& o) {
        return "<tinynas.OperatorPlan " + o.name +
               " live_bytes=" + std::to_string(o.plan.live_bytes) + ">";
      });
}

}  // namespace

BoundPlan make_plan(Network network, const McuOptions& mcu, const std::string& runtime,
                    const std::string& input, const std::string& depthwise_rows) {
  const RuntimeModel model = target_runtime(runtime, mcu);
  BoundPlan bound;
  if (any_mcu_option(mcu)) bound.budget = resolve_mcu(mcu, model).budget;
  PlanOptions& options = bound.options;
  options.input = runtime_input(model, input);
  options.depthwise_rows = runtime_depthwise_rows(model, depthwise_rows);
  options.predict_instructions = true;
  if (bound.budget) {
    options.sram_budget_bytes = bound.budget->sram_bytes;
    require_latency_of_rows(*bound.budget, options.depthwise_rows);
  }
  bound.plan = plan_memory(network.under(model), model, options);
  if (bound.budget) require_latency(*bound.budget, bound.plan, "network");
  bound.network = std::move(network);
  bound.runtime = model;
  return bound;
}

void bind_plan(py::module_& module) {
  bind_operator(module);
  py::class_<BoundPlan>(module, "MemoryPlan", "What a network needs, to the byte.")
      .def_property_readonly("runtime", [](const BoundPlan& b) { return b.plan.runtime; })
      .def_property_readonly(
          "core", [](const BoundPlan& b) { return b.plan.core; },
          "That flash and stack are predicted for: the part's, else Cortex-M7.")
      .def_property_readonly("peak_sram_bytes",
                             [](const BoundPlan& b) { return b.plan.peak_sram_bytes; })
      .def_property_readonly("activation_bytes",
                             [](const BoundPlan& b) { return b.plan.activation_bytes; })
      .def_property_readonly("scratch_bytes",
                             [](const BoundPlan& b) { return b.plan.scratch_bytes; })
      .def_property_readonly("column_buffer_bytes",
                             [](const BoundPlan& b) { return b.plan.column_buffer_bytes; })
      .def_property_readonly("kernel_buffer_bytes",
                             [](const BoundPlan& b) { return b.plan.kernel_buffer_bytes; })
      .def_property_readonly("lower_bound_bytes",
                             [](const BoundPlan& b) { return b.plan.lower_bound_bytes; })
      .def_property_readonly("flash_bytes",
                             [](const BoundPlan& b) { return b.plan.flash.total_bytes(); })
      .def_property_readonly("weight_bytes",
                             [](const BoundPlan& b) { return b.plan.flash.weight_bytes; })
      .def_property_readonly("descriptor_bytes",
                             [](const BoundPlan& b) { return b.plan.flash.descriptor_bytes; })
      .def_property_readonly("code_bytes",
                             [](const BoundPlan& b) { return b.plan.flash.code_bytes; })
      .def_property_readonly("macs", [](const BoundPlan& b) { return b.plan.macs; })
      .def_property_readonly("params", [](const BoundPlan& b) { return graph_params(b.graph()); })
      .def_property_readonly("extra_macs", [](const BoundPlan& b) { return b.plan.extra_macs; })
      .def_property_readonly("input",
                             [](const BoundPlan& b) { return input_mode_name(b.plan.input); })
      .def_property_readonly(
          "depthwise_rows",
          [](const BoundPlan& b) { return depthwise_rows_name(b.plan.depthwise_rows); })
      .def_property_readonly("widened_elements",
                             [](const BoundPlan& b) { return b.plan.widened_elements; })
      .def_property_readonly("instructions", &instructions)
      .def_property_readonly("latency_ms", &latency)
      .def_property_readonly("latency_source", &latency_source)
      .def_property_readonly("peak_operator", &peak_operator)
      .def_property_readonly("per_op", &operators)
      .def_property_readonly("fits", &fits)
      .def("to_dict", &document, "The document of `tinynas plan --json`.")
      .def("__repr__", [](const BoundPlan& b) {
        return "<tinynas.MemoryPlan peak_sram_bytes=" + std::to_string(b.plan.peak_sram_bytes) +
               " flash_bytes=" + std::to_string(b.plan.flash.total_bytes()) + ">";
      });
  module.def(
      "plan_file",
      [](const py::object& path, const py::object& mcu, const py::object& sram,
         const py::object& flash, const py::object& reserve_sram, const py::object& reserve_flash,
         const std::string& runtime, const py::object& space, const std::string& input,
         const std::string& depthwise_rows, const py::object& latency_ms,
         const py::object& calibration, bool allow_uncalibrated) {
        return make_plan(read_network_file(find_network(path_text(path)).file, path_text(space)),
                         mcu_options(mcu, sram, flash, reserve_sram, reserve_flash, latency_ms,
                                     calibration, allow_uncalibrated),
                         runtime, input, depthwise_rows);
      },
      py::arg("path"), py::kw_only(), py::arg("mcu") = py::none(), py::arg("sram") = py::none(),
      py::arg("flash") = py::none(), py::arg("reserve_sram") = py::none(),
      py::arg("reserve_flash") = py::none(), py::arg("runtime") = kDefaultRuntime,
      py::arg("space") = py::none(), py::arg("input") = "resident",
      py::arg("depthwise_rows") = "int8", py::arg("latency_ms") = py::none(),
      py::arg("calibration") = py::none(), py::arg("allow_uncalibrated") = false);
}

}  // namespace tinynas::python
