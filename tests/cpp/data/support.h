#pragma once
// Files that the tests write for themselves: idx, CIFAR records, PNG, JPEG and zip.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/stored.h"
#include "tinynas/rng.h"

namespace tinynas::testing {

/// A folder of its own under the system's temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Path of `name` in it.
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

void write_bytes(const std::string& path, const std::string& bytes);
std::string read_bytes(const std::string& path);

std::string gzip(const std::string& bytes);
std::string idx_images(const ImageSet& set);
std::string idx_labels(const ImageSet& set);
/// Image `i` of a set in memory.
const std::uint8_t* image_of(const ImageSet& set, std::size_t i);
/// All images of a set, wherever they come from.
std::vector<std::uint8_t> pixels_of(const ImageSet& set);
/// Random grey images of `side` pixels; label i is i % classes.
ImageSet random_images(std::size_t count, int side, int classes, std::uint64_t seed);
/// Writes train and, unless empty, t10k files.
void write_idx_folder(const std::string& folder, const ImageSet& train, const ImageSet& test);

Image random_image(int height, int width, int channels, Rng& rng);
/// Slow waves: survives JPEG with little change.
Image smooth_image(int height, int width, int channels, int phase);
/// `format` is libpng's, for pixels of that layout (16-bit formats take two bytes a value).
std::string png_bytes(const void* pixels, int height, int width, std::uint32_t format);
std::string png_bytes(const Image& image);
std::string jpeg_bytes(const Image& image, int quality, bool progressive = false);
/// 16-bit PCM, `samples` interleaved.
std::string wav_bytes(const std::vector<std::int16_t>& samples, int sample_rate, int channels);
std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& entries,
                      bool compress = false);

/// The message of the BadInput that `action` throws; fails the test when it throws none or one of
/// several lines.
std::string bad_input(const std::function<void()>& action);
/// True when `action` throws BadInput, false when it throws nothing; anything else fails the test.
bool throws_bad_input(const std::function<void()>& action);

}  // namespace tinynas::testing
