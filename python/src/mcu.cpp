#include "tinynas/mcu.h"

#include <pybind11/stl.h>

#include "bindings.h"

namespace tinynas::python {
namespace {

struct BoundBudget {
  McuTarget target;
};

BoundBudget make_budget(const py::object& mcu, const py::object& sram, const py::object& flash,
                        const py::object& reserve_sram, const py::object& reserve_flash,
                        const std::string& runtime) {
  const McuOptions options = mcu_options(mcu, sram, flash, reserve_sram, reserve_flash);
  return {resolve_mcu(options, target_runtime(runtime, options))};
}

void bind_part(py::module_& module) {
  py::class_<MemoryRegion>(module, "MemoryRegion")
      .def_readonly("name", &MemoryRegion::name)
      .def_readonly("base", &MemoryRegion::base)
      .def_readonly("bytes", &MemoryRegion::bytes)
      .def_readonly("separate", &MemoryRegion::separate);
  py::class_<Mcu>(module, "Mcu", "One part, as its board file says.")
      .def_readonly("name", &Mcu::name)
      .def_readonly("part", &Mcu::part)
      .def_readonly("aliases", &Mcu::aliases)
      .def_readonly("core", &Mcu::core)
      .def_readonly("clock_hz", &Mcu::clock_hz)
      .def_readonly("dsp", &Mcu::dsp)
      .def_readonly("fpu", &Mcu::fpu)
      .def_readonly("mve", &Mcu::mve)
      .def_readonly("flash_bytes", &Mcu::flash_bytes)
      .def_readonly("flash_internal", &Mcu::flash_internal)
      .def_readonly("regions", &Mcu::regions)
      .def_readonly("uncertain", &Mcu::uncertain)
      .def_readonly("source_file", &Mcu::source_file)
      .def_property_readonly("sram_bytes", &total_sram_bytes)
      .def_property_readonly("largest_contiguous_bytes", &largest_contiguous_bytes)
      .def("__repr__", [](const Mcu& mcu) { return "<tinynas.Mcu " + mcu.name + ">"; });
}

}  // namespace

void bind_mcu(py::module_& module) {
  bind_part(module);
  py::class_<BoundBudget>(module, "Budget", "What a network may use of a part.")
      .def(py::init(&make_budget), py::arg("mcu"), py::kw_only(), py::arg("sram") = py::none(),
           py::arg("flash") = py::none(), py::arg("reserve_sram") = py::none(),
           py::arg("reserve_flash") = py::none(), py::arg("runtime") = kDefaultRuntime)
      .def_property_readonly("mcu", [](const BoundBudget& b) { return b.target.mcu; })
      .def_property_readonly("sram_bytes",
                             [](const BoundBudget& b) { return b.target.budget.sram_bytes; })
      .def_property_readonly("flash_bytes",
                             [](const BoundBudget& b) { return b.target.budget.flash_bytes; })
      .def_property_readonly("reserved_sram_bytes",
                             [](const BoundBudget& b) { return b.target.reserves.sram_bytes(); })
      .def("__repr__", [](const BoundBudget& b) {
        const McuBudget& budget = b.target.budget;
        return "<tinynas.Budget " + budget.name +
               " sram_bytes=" + std::to_string(budget.sram_bytes) +
               " flash_bytes=" + std::to_string(budget.flash_bytes) + ">";
      });
  module.def(
      "find_mcu", [](const py::object& name) { return find_mcu(path_text(name)); },
      py::arg("name_or_path"), "A shipped part by its name (any case), or a board file.");
  module.def("list_mcus", &list_mcus, "All shipped parts, by name.");
}

}  // namespace tinynas::python
