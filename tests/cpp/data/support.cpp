#include "support.h"

// jpeglib.h needs what stands before it.
// clang-format off
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <png.h>
#include <zip.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "tinynas/error.h"

namespace tinynas::testing {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "tinynas-data-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void write_bytes(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  REQUIRE(out.good());
}

std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

std::string gzip(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) > 0);
  REQUIRE(gzclose(file) == Z_OK);
  return read_bytes(path);
}

namespace {

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

}  // namespace

std::string idx_images(const ImageSet& set) {
  return big_endian(0x803) + big_endian(static_cast<std::uint32_t>(set.count())) +
         big_endian(static_cast<std::uint32_t>(set.height)) +
         big_endian(static_cast<std::uint32_t>(set.width)) +
         std::string(set.pixels.begin(), set.pixels.end());
}

std::string idx_labels(const ImageSet& set) {
  return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(set.count())) +
         std::string(set.labels.begin(), set.labels.end());
}

const std::uint8_t* image_of(const ImageSet& set, std::size_t i) {
  return set.pixels.data() + i * set.image_bytes();
}

std::vector<std::uint8_t> pixels_of(const ImageSet& set) {
  std::vector<std::uint8_t> pixels(set.count() * set.image_bytes());
  for (std::size_t i = 0; i < set.count(); ++i) set.read(i, &pixels[i * set.image_bytes()]);
  return pixels;
}

ImageSet random_images(std::size_t count, int side, int classes, std::uint64_t seed) {
  Rng rng(seed);
  ImageSet set{side, side, 1, {}, {}};
  for (std::size_t i = 0; i < count; ++i) {
    set.labels.push_back(static_cast<std::int32_t>(i % static_cast<std::size_t>(classes)));
    for (int k = 0; k < side * side; ++k) {
      set.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
    }
  }
  return set;
}

void write_idx_folder(const std::string& folder, const ImageSet& train, const ImageSet& test) {
  write_bytes(folder + "/train-images-idx3-ubyte", idx_images(train));
  write_bytes(folder + "/train-labels-idx1-ubyte", idx_labels(train));
  if (test.count() == 0) return;
  write_bytes(folder + "/t10k-images-idx3-ubyte", idx_images(test));
  write_bytes(folder + "/t10k-labels-idx1-ubyte", idx_labels(test));
}

Image random_image(int height, int width, int channels, Rng& rng) {
  Image image{height, width, channels, {}};
  image.pixels.resize(static_cast<std::size_t>(height) * width * channels);
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

Image smooth_image(int height, int width, int channels, int phase) {
  Image image{height, width, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.pixels.push_back(static_cast<std::uint8_t>(40 + 3 * y + 2 * x + 20 * c + phase));
      }
    }
  }
  return image;
}

std::string png_bytes(const void* pixels, int height, int width, std::uint32_t format) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(height);
  png.width = static_cast<png_uint_32>(width);
  png.format = format;
  std::string bytes(static_cast<std::size_t>(height) * width * 8 + 4096, '\0');
  png_alloc_size_t size = bytes.size();
  REQUIRE(png_image_write_to_memory(&png, bytes.data(), &size, 0, pixels, 0, nullptr) != 0);
  bytes.resize(size);
  return bytes;
}

std::string png_bytes(const Image& image) {
  return png_bytes(image.pixels.data(), image.height, image.width,
                   image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB);
}

std::string jpeg_bytes(const Image& image, int quality, bool progressive) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.input_components = image.channels;
  info.in_color_space =
      image.channels == 1 ? JCS_GRAYSCALE : (image.channels == 3 ? JCS_RGB : JCS_CMYK);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  const auto row_bytes = static_cast<std::size_t>(image.width) * image.channels;
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.pixels.data() + info.next_scanline * row_bytes);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return bytes;
}

std::string wav_bytes(const std::vector<std::int16_t>& samples, int sample_rate, int channels) {
  std::string bytes;
  const auto add = [&](std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  };
  const auto rate = static_cast<std::uint32_t>(sample_rate);
  const auto width = static_cast<std::uint32_t>(2 * channels);
  const auto data = static_cast<std::uint32_t>(2 * samples.size());
  bytes += "RIFF";
  add(36 + data, 4);
  bytes += "WAVEfmt ";
  add(16, 4);
  add(1, 2);
  add(static_cast<std::uint32_t>(channels), 2);
  add(rate, 4);
  add(rate * width, 4);
  add(width, 2);
  add(16, 2);
  bytes += "data";
  add(data, 4);
  for (const std::int16_t sample : samples) add(static_cast<std::uint16_t>(sample), 2);
  return bytes;
}

std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& entries,
                      bool compress) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.zip";
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  REQUIRE(zip != nullptr);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    REQUIRE(index >= 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index),
                             compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_mtime(zip, static_cast<zip_uint64_t>(index), 1000000000, 0);
  }
  REQUIRE(zip_close(zip) == 0);
  return read_bytes(path);
}

std::string bad_input(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadInput& error) {
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  FAIL("BadInput was expected");
  return "";
}

bool throws_bad_input(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadInput&) {
    return true;
  }
  return false;
}

}  // namespace tinynas::testing
