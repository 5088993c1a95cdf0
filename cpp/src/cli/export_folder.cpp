#include "cli/export_folder.h"

#include <filesystem>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {

namespace fs = std::filesystem;

void write_export_folder(const std::string& folder, const std::vector<GeneratedFile>& files,
                         const std::string& marker) {
  std::error_code error;
  fs::path target = fs::path(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "DIR/" names DIR
  const bool there = fs::exists(target, error);
  if (there && !fs::is_directory(target, error)) {
    throw BadInput("--out: " + folder + " is a file; this format writes a folder");
  }
  if (there && !fs::exists(target / marker, error) && !fs::is_empty(target, error)) {
    throw BadInput("--out: " + folder + " holds other files; choose a new folder");
  }
  const fs::path partial = target.string() + ".partial";
  fs::remove_all(partial, error);
  fs::create_directories(partial, error);
  if (error) throw BadInput("--out: " + folder + " cannot be made: " + error.message());
  try {
    for (const GeneratedFile& file : files) {
      fs::create_directories((partial / file.name).parent_path(), error);
      write_file_atomic((partial / file.name).string(), file.content);
    }
    fs::remove_all(target, error);
    fs::rename(partial, target, error);
    if (error) throw BadInput("--out: " + folder + " cannot be written: " + error.message());
  } catch (...) {
    fs::remove_all(partial, error);
    throw;
  }
}

}  // namespace tinynas
