#include "data/decode.h"

#include "tinynas/error.h"

namespace tinynas {

void check_image_size(std::int64_t height, std::int64_t width, const std::string& where) {
  if (height < 1 || width < 1 || height > kMaxImagePixels / width) {
    throw BadInput(where + ": is " + std::to_string(width) + "x" + std::to_string(height) +
                   " pixels, images may have 1 pixel to 64 Mpixel; remove or shrink it");
  }
}

Image decode_image(std::string_view bytes, const std::string& where) {
  if (bytes.starts_with(kJpegSignature)) return decode_jpeg(bytes, where);
  if (bytes.starts_with(kPngSignature)) return decode_png(bytes, where);
  throw BadInput(where + ": is neither JPEG nor PNG inside; replace or remove it");
}

}  // namespace tinynas
