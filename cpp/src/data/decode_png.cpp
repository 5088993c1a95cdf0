// libpng's simplified interface handles its own errors (no setjmp here). It stops reading at the
// last pixel, so the chunks are checked first: every length and checksum up to IEND.

#include <png.h>
#include <zlib.h>

#include "data/decode.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

[[noreturn]] void fail(const std::string& where, const std::string& reason) {
  throw BadInput(where + ": damaged PNG (" + reason + "); replace or remove it");
}

/// Throws unless every chunk is whole; returns nothing because libpng reads them again.
void check_chunks(std::string_view bytes, const std::string& where) {
  std::size_t at = kPngSignature.size();
  for (bool first = true;; first = false) {
    if (bytes.size() - at < 12) fail(where, "it ends before its IEND chunk");
    const std::size_t length = big_endian(bytes, at);
    if (length > bytes.size() - at - 12) fail(where, "a chunk goes past its end");
    const std::string_view type = bytes.substr(at + 4, 4);
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + at + 4),
                           static_cast<uInt>(length + 4));
    if (crc != big_endian(bytes, at + 8 + length)) fail(where, "a chunk's checksum is wrong");
    if (first) {
      if (type != "IHDR" || length != 13) fail(where, "it does not begin with an IHDR chunk");
      check_image_size(big_endian(bytes, at + 12), big_endian(bytes, at + 8), where);
    }
    if (type == "IEND") return;
    at += length + 12;
  }
}

struct PngCleanup {
  png_image& image;
  ~PngCleanup() { png_image_free(&image); }
};

}  // namespace

Image decode_png(std::string_view bytes, const std::string& where) {
  check_chunks(bytes, where);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const PngCleanup cleanup{png};
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) fail(where, png.message);
  const bool grey = (png.format & PNG_FORMAT_FLAG_COLOR) == 0;
  png.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Image image{static_cast<int>(png.height), static_cast<int>(png.width), grey ? 1 : 3, {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr)) {
    fail(where, png.message);
  }
  return image;
}

}  // namespace tinynas
