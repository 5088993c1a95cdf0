#include "tinynas/cli.h"

#include <pybind11/stl.h>

#include "bindings.h"

namespace tinynas::python {

void bind_cli(py::module_& module) {
  module.def(
      "cli_main",
      [](std::vector<std::string> arguments) {
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const py::gil_scoped_release unlocked;
        return cli_main(static_cast<int>(arguments.size()), argv.data());
      },
      py::arg("argv"), "The command line; argv[0] is the program's name. Returns the exit code.");
}

}  // namespace tinynas::python
