#include "data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxIdxBytes = std::int64_t{4} << 30;
constexpr std::uint64_t kFashionTestLabels = 0x2f57e8024bba1255ull;

/// The file as it is spelled here, "" when there is none.
std::string find_file(const std::string& folder, const char* part, const char* kind) {
  for (const char* dot : {"-", "."}) {
    for (const char* end : {"", ".gz"}) {
      const std::string path =
          (fs::path(folder) / (std::string(part) + dot + kind + "-ubyte" + end)).string();
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  return "";
}

/// gzip or plain bytes alike (zlib passes on what has no gzip header). Ends in BadInput on damage.
class IdxReader {
 public:
  explicit IdxReader(const std::string& path)
      : path_(path), file_(gzopen(path.c_str(), "rb"), &gzclose) {
    if (!file_) throw BadInput(path + ": cannot be read; check its permissions");
    gzbuffer(file_.get(), 1 << 18);
  }

  std::vector<std::int64_t> header(std::uint32_t magic, std::size_t fields) {
    const std::vector<std::uint8_t> bytes = read(4 * (fields + 1), "its header");
    const auto field = [&](std::size_t i) {
      return std::int64_t{bytes[4 * i]} << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8 |
             bytes[4 * i + 3];
    };
    if (field(0) != magic)
      fail("is no idx file of " + std::string(fields == 1 ? "labels" : "images"));
    std::vector<std::int64_t> values;
    for (std::size_t i = 1; i <= fields; ++i) values.push_back(field(i));
    return values;
  }

  /// Everything after the header, which must be exactly `expected` bytes. Memory grows with what
  /// the file really holds, never with what its header claims.
  std::vector<std::uint8_t> body(std::int64_t expected) {
    std::vector<std::uint8_t> bytes =
        read(static_cast<std::size_t>(expected), "the data its header promises");
    std::uint8_t extra = 0;
    const int more = gzread(file_.get(), &extra, 1);
    int code = Z_OK;  // a checksum that is cut off is known only from here
    gzerror(file_.get(), &code);
    if (more < 0 || code != Z_OK) fail(reason());
    if (more > 0) fail("goes on after the data its header promises");
    return bytes;
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(path_ + ": " + message + "; download it again");
  }

 private:
  std::vector<std::uint8_t> read(std::size_t wanted, const char* what) {
    constexpr std::size_t kChunk = std::size_t{16} << 20;
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < wanted) {
      const std::size_t at = bytes.size();
      const std::size_t step = std::min(kChunk, wanted - at);
      bytes.resize(at + step);
      const int got = gzread(file_.get(), bytes.data() + at, static_cast<unsigned>(step));
      if (got < 0) fail(reason());
      if (static_cast<std::size_t>(got) < step) fail(std::string("ends before ") + what);
    }
    return bytes;
  }

  std::string reason() const {
    int code = 0;
    const char* text = gzerror(file_.get(), &code);
    return std::string("is damaged (") + (code == Z_ERRNO ? "read error" : text) + ")";
  }

  std::string path_;
  std::unique_ptr<gzFile_s, decltype(&gzclose)> file_;
};

ImageSet read_part(const std::string& image_path, const std::string& label_path) {
  ImageSet set;
  IdxReader images(image_path);
  const std::vector<std::int64_t> shape = images.header(0x803, 3);
  if (std::max(shape[1], shape[2]) > kMaxImagePixels) images.fail("claims an impossible size");
  const std::int64_t image_bytes = shape[1] * shape[2];
  if (shape[0] < 1 || image_bytes < 1) images.fail("holds no images");
  if (image_bytes > kMaxImagePixels || shape[0] > kMaxIdxBytes / image_bytes) {
    images.fail("claims more than 4 GiB of images");
  }
  set.height = static_cast<int>(shape[1]);
  set.width = static_cast<int>(shape[2]);
  set.channels = 1;
  set.pixels = images.body(shape[0] * image_bytes);

  IdxReader labels(label_path);
  const std::int64_t count = labels.header(0x801, 1)[0];
  if (count != shape[0]) {
    labels.fail("has " + std::to_string(count) + " labels for the " + std::to_string(shape[0]) +
                " images of " + fs::path(image_path).filename().string());
  }
  const std::vector<std::uint8_t> bytes = labels.body(count);
  set.labels.assign(bytes.begin(), bytes.end());
  return set;
}

ImageSet read_named_part(const std::string& folder, const char* part) {
  const std::string images = find_file(folder, (std::string(part) + "-images").c_str(), "idx3");
  const std::string labels = find_file(folder, (std::string(part) + "-labels").c_str(), "idx1");
  if (images.empty() && labels.empty()) return {};
  if (images.empty() || labels.empty()) {
    throw BadInput(folder + ": " + part + (images.empty() ? "-images-idx3" : "-labels-idx1") +
                   "-ubyte (or .gz) is missing; put it beside the other idx files");
  }
  return read_part(images, labels);
}

}  // namespace

bool is_idx_folder(const std::string& folder) {
  return !find_file(folder, "train-images", "idx3").empty() ||
         !find_file(folder, "train-labels", "idx1").empty();
}

StoredDataset read_idx_folder(const DatasetOptions& options) {
  StoredDataset stored;
  ImageSet train = read_named_part(options.path, "train");
  ImageSet test = read_named_part(options.path, "t10k");
  if (test.count() > 0 && (test.height != train.height || test.width != train.width)) {
    throw BadInput(options.path + ": the t10k images are " + std::to_string(test.height) + "x" +
                   std::to_string(test.width) + ", the training images " +
                   std::to_string(train.height) + "x" + std::to_string(train.width) +
                   "; take both from one data set");
  }
  const std::uint64_t test_labels =
      hash_bytes(test.labels.data(), test.labels.size() * sizeof(std::int32_t));
  if (test_labels == kFashionTestLabels) {
    stored.name = "fashion-mnist";
    stored.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  } else {
    std::int32_t classes = *std::max_element(train.labels.begin(), train.labels.end()) + 1;
    for (const std::int32_t label : test.labels) classes = std::max(classes, label + 1);
    for (std::int32_t c = 0; c < classes; ++c) stored.class_names.push_back(std::to_string(c));
  }
  stored.sizes = equal_sizes(train);
  stored.train = convert_images(std::move(train), options);
  stored.test = convert_images(std::move(test), options);
  return stored;
}

}  // namespace tinynas
