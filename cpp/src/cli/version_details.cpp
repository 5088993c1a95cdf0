#include <string>

#include "tinynas/version.h"
#ifdef TINYNAS_WITH_TORCH
#include "tinynas/supernet.h"
#endif

namespace tinynas {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#else
  return "unknown";
#endif
}

std::string torch_lines() {
#ifdef TINYNAS_WITH_TORCH
  std::string devices;
  for (const std::string& device : torch_devices()) {
    devices += (devices.empty() ? "" : ", ") + device;
  }
  return "torch: " + torch_version() + "\ndevices: " + devices;
#else
  return "torch: not built in";
#endif
}

std::string features() {
  std::string names = "plan, spaces";
#ifdef TINYNAS_WITH_TORCH
  names += ", search, train, eval";
#endif
  return names;
}

}  // namespace

std::string version_details() {
  const std::string sanitizers(TINYNAS_SANITIZE);
  return "tinynas: " + version() + "\ncompiler: " + compiler() + "\nbuild: " TINYNAS_BUILD_TYPE +
         (sanitizers.empty() ? "" : ", " + sanitizers) + "\nfeatures: " + features() + "\n" +
         torch_lines();
}

}  // namespace tinynas
