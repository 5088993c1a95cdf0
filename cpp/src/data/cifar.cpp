#include "data/cifar.h"

#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr int kSide = 32;
constexpr int kChannels = 3;
constexpr std::size_t kPlaneBytes = kSide * kSide;
constexpr std::size_t kRecordBytes = 1 + kChannels * kPlaneBytes;
constexpr int kClasses = 10;

void append_batch(const std::string& path, ImageSet& set) {
  const std::string bytes = read_file(path);
  if (bytes.empty() || bytes.size() % kRecordBytes != 0) {
    throw BadInput(path + ": has " + std::to_string(bytes.size()) +
                   " bytes, not a whole number of 3,073-byte records; download it again");
  }
  for (std::size_t record = 0; record < bytes.size() / kRecordBytes; ++record) {
    const char* at = bytes.data() + record * kRecordBytes;
    const int label = static_cast<unsigned char>(*at++);
    if (label >= kClasses) {
      throw BadInput(path + ": record " + std::to_string(record) + " has label " +
                     std::to_string(label) + ", labels are 0 to 9; download it again");
    }
    set.labels.push_back(label);
    for (std::size_t i = 0; i < kPlaneBytes; ++i) {
      for (int c = 0; c < kChannels; ++c) {
        set.pixels.push_back(static_cast<std::uint8_t>(at[c * kPlaneBytes + i]));
      }
    }
  }
}

std::vector<std::string> class_names(const fs::path& folder) {
  const std::string path = (folder / "batches.meta.txt").string();
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  }
  std::vector<std::string> names;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(printable(line));
  }
  if (names.size() != kClasses) {
    throw BadInput(path + ": has " + std::to_string(names.size()) +
                   " class names, 10 are expected, one a line; download it again");
  }
  return names;
}

}  // namespace

bool is_cifar_folder(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / "data_batch_1.bin", ignored);
}

StoredDataset read_cifar_folder(const DatasetOptions& options) {
  const fs::path folder(options.path);
  StoredDataset stored;
  stored.name = "cifar10";
  stored.class_names = class_names(folder);
  ImageSet train{kSide, kSide, kChannels, {}, {}};
  ImageSet test = train;
  for (int batch = 1; batch <= 5; ++batch) {
    append_batch((folder / ("data_batch_" + std::to_string(batch) + ".bin")).string(), train);
  }
  const std::string test_path = (folder / "test_batch.bin").string();
  std::error_code ignored;
  if (fs::exists(test_path, ignored)) append_batch(test_path, test);
  stored.sizes = equal_sizes(train);
  stored.train = convert_images(std::move(train), options);
  stored.test = convert_images(std::move(test), options);
  return stored;
}

}  // namespace tinynas
