// Networks in other formats: tinynas/_export.py calls run_export.

#include "bindings.h"
#include "cli/export_formats.h"
#include "cli/python_program.h"
#include "tinynas/error.h"

namespace tinynas::python {
namespace {

std::string run(const py::object& network, const std::string& format, const py::object& out,
                const py::object& mcu, const py::object& sram, const py::object& flash,
                const py::object& reserve_sram, const py::object& reserve_flash,
                const std::string& input) {
  ExportRequest request;
  request.out = path_text(out);
  request.input = input;
  request.mcu = mcu_options(mcu, sram, flash, reserve_sram, reserve_flash);
  const std::string named = path_text(network);
  auto interrupted = std::make_shared<bool>(false);
  request.stop = stop_on_interrupt(interrupted);
  try {
    const py::gil_scoped_release unlocked;
    request.network = find_network(named);
    return export_network(format, request);
  } catch (const Interrupted&) {
    if (!*interrupted) throw;
  }
  PyErr_SetNone(PyExc_KeyboardInterrupt);
  throw py::error_already_set();
}

}  // namespace

void bind_export(py::module_& module) {
  // Formats that are written in Python are written by this one.
  set_python_interpreter(path_text(py::module_::import("sys").attr("executable")));
  module.def("run_export", &run, py::arg("network"), py::kw_only(), py::arg("format"),
             py::arg("out"), py::arg("mcu") = py::none(), py::arg("sram") = py::none(),
             py::arg("flash") = py::none(), py::arg("reserve_sram") = py::none(),
             py::arg("reserve_flash") = py::none(), py::arg("input") = "resident",
             "tinynas.export; returns what it wrote, in a line for people.");
}

}  // namespace tinynas::python
