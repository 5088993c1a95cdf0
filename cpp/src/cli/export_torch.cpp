#include <filesystem>

#include "cli/commands.h"
#include "cli/export_folder.h"
#include "cli/export_formats.h"
#include "tinynas/error.h"
#ifdef TINYNAS_WITH_TORCH
#include "supernet/torch_module.h"
#endif

namespace tinynas {

#ifdef TINYNAS_WITH_TORCH
std::string export_torch(const ExportRequest& request) {
  const NetworkSource& network = request.network;
  if (network.run.empty()) {
    throw BadInput(network.file +
                   ": --format torch writes the float network of a run, which this file does not "
                   "hold; name a run directory");
  }
  const std::filesystem::path best = std::filesystem::path(network.run) / "best";
  const TorchModule module =
      torch_module((best / "weights.pt").string(), (best / "subnet.json").string());
  write_export_folder(request.out,
                      {{"model.py", module.source}, {"state_dict.pt", module.state_dict}},
                      "state_dict.pt");
  return request.out + ": model.py, state_dict.pt";
}
#else
std::string export_torch(const ExportRequest&) { fail_without_torch("export --format torch"); }
#endif

}  // namespace tinynas
