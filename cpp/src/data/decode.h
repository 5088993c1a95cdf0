#pragma once
// JPEG and PNG bytes to pixels. Damage, truncation and size bombs end in BadInput, never in
// abort().

#include <string_view>

#include "data/stored.h"

namespace tinynas {

/// Decodes by the first bytes, whatever the file is called: 1 channel for grey, else 3 (a PNG's
/// transparency is composed on black, 16 bits become 8). `where` names the file and entry in
/// errors. Thread-safe.
Image decode_image(std::string_view bytes, const std::string& where);

/// The two formats; `bytes` must begin with their signature.
Image decode_jpeg(std::string_view bytes, const std::string& where);
Image decode_png(std::string_view bytes, const std::string& where);

/// Throws BadInput for an empty image or one over kMaxImagePixels.
void check_image_size(std::int64_t height, std::int64_t width, const std::string& where);

inline constexpr std::string_view kJpegSignature = "\xff\xd8\xff";
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

}  // namespace tinynas
