#include "tinynas/cli.h"

#include <pybind11/stl.h>

#include "bindings.h"

namespace tinynas::python {

void bind_cli(py::module_& module) {
  module.def(
      "cli_main",
      [](std::vector<std::string> arguments, const std::string& group, int rank, int size,
         int local_rank) {
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const py::gil_scoped_release unlocked;
        return cli_main(static_cast<int>(arguments.size()), argv.data(),
                        {group, rank, size, local_rank});
      },
      py::arg("argv"), py::arg("group") = "", py::arg("rank") = 0, py::arg("size") = 1,
      py::arg("local_rank") = 0,
      "The command line; argv[0] is the program's name. Returns the exit code. `group` names the\n"
      "process group that trains together.");
}

}  // namespace tinynas::python
