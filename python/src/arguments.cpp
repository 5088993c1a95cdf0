// Python values in and out, and Python's signals.

#include "bindings.h"
#include "tinynas/error.h"

namespace tinynas::python {

py::object to_python(const std::string& json_text) {
  return py::module_::import("json").attr("loads")(json_text);
}

std::string path_text(const py::object& value) {
  if (value.is_none()) return "";
  return py::module_::import("os").attr("fsdecode")(value).cast<std::string>();
}

std::string bytes_text(const py::object& value, const char* name) {
  if (value.is_none()) return "";
  const bool is_text = py::isinstance<py::str>(value);
  // numpy's integers have __index__ too; True is an int only by inheritance.
  if (!is_text && (py::isinstance<py::bool_>(value) || PyIndex_Check(value.ptr()) == 0)) {
    throw BadInput(std::string(name) + ": bytes are an int or a text such as '320KiB', not " +
                   py::repr(value).cast<std::string>());
  }
  const std::string text = py::str(value).cast<std::string>();
  if (text.empty()) throw BadInput(std::string(name) + ": the text is empty");
  return text;
}

McuOptions mcu_options(const py::object& mcu, const py::object& sram, const py::object& flash,
                       const py::object& reserve_sram, const py::object& reserve_flash,
                       const py::object& latency_ms, const py::object& calibration,
                       bool allow_uncalibrated, const py::object& macs) {
  McuOptions options;
  if (!macs.is_none()) options.macs = py::str(macs).cast<std::string>();
  if (!latency_ms.is_none()) options.latency_ms = py::str(latency_ms).cast<std::string>();
  options.calibration = path_text(calibration);
  options.allow_uncalibrated = allow_uncalibrated;
  options.mcu = py::isinstance<Mcu>(mcu) ? mcu.cast<const Mcu&>().source_file : path_text(mcu);
  options.sram = bytes_text(sram, "sram");
  options.flash = bytes_text(flash, "flash");
  options.reserve_sram = bytes_text(reserve_sram, "reserve_sram");
  options.reserve_flash = bytes_text(reserve_flash, "reserve_flash");
  return options;
}

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

StopFn stop_on_interrupt(std::shared_ptr<bool> interrupted) {
  return [stopped = std::move(interrupted)] {
    if (*stopped) return true;
    const py::gil_scoped_acquire gil;
    try {
      check_signals();
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      *stopped = true;
    }
    return *stopped;
  };
}

}  // namespace tinynas::python
