#include "bindings.h"
#include "tinynas/version.h"

PYBIND11_MODULE(_core, module) {
  using namespace tinynas::python;
  module.doc() = "The C++ library of tinynas. Import tinynas instead.";
  module.attr("__version__") = tinynas::version();
#ifdef TINYNAS_WITH_TORCH
  module.attr("with_torch") = true;
#else
  module.attr("with_torch") = false;
#endif
  // Classes before the functions whose signatures name them.
  bind_errors(module);
  bind_mcu(module);
  bind_plan(module);
  bind_int8(module);
  bind_space(module);
  bind_engine(module);
  bind_surrogate(module);
  bind_supernet(module);
  bind_search(module);
  bind_export(module);
  bind_cli(module);
}
