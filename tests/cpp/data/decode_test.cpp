#include "data/decode.h"

#include <png.h>
#include <zlib.h>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;

TEST_CASE("PNG: exact pixels, grey and colour") {
  Rng rng(1);
  for (const int channels : {1, 3}) {
    const Image image = random_image(13, 9, channels, rng);
    const Image decoded = decode_image(png_bytes(image), "x.png");
    CHECK(decoded.height == 13);
    CHECK(decoded.width == 9);
    CHECK(decoded.channels == channels);
    CHECK(decoded.pixels == image.pixels);
  }
}

TEST_CASE("PNG: transparency is composed on black, 16 bits become 8") {
  const std::uint8_t rgba[] = {200, 100, 50, 255, 200, 100, 50, 0};
  const Image transparent = decode_image(png_bytes(rgba, 1, 2, PNG_FORMAT_RGBA), "x.png");
  CHECK(transparent.pixels == std::vector<std::uint8_t>{200, 100, 50, 0, 0, 0});
  const std::uint16_t wide[] = {0, 65535};
  const Image narrow = decode_image(png_bytes(wide, 1, 2, PNG_FORMAT_LINEAR_Y), "x.png");
  CHECK(narrow.channels == 1);
  CHECK(narrow.pixels == std::vector<std::uint8_t>{0, 255});
}

TEST_CASE("JPEG: baseline and progressive, grey and colour") {
  for (const bool progressive : {false, true}) {
    for (const int channels : {1, 3}) {
      const Image image = smooth_image(24, 17, channels, 5);
      const Image decoded = decode_image(jpeg_bytes(image, 100, progressive), "x.jpg");
      REQUIRE(decoded.pixels.size() == image.pixels.size());
      CHECK(decoded.height == 24);
      CHECK(decoded.channels == channels);
      int worst = 0;
      for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        worst = std::max(worst, std::abs(decoded.pixels[i] - image.pixels[i]));
      }
      CHECK(worst <= 8);
    }
  }
}

TEST_CASE("A file cut short at any byte is refused by name") {
  const std::vector<std::string> files = {
      png_bytes(smooth_image(20, 20, 3, 0)), jpeg_bytes(smooth_image(20, 20, 3, 0), 75),
      jpeg_bytes(smooth_image(20, 20, 1, 0), 75), jpeg_bytes(smooth_image(20, 20, 3, 0), 75, true)};
  for (const std::string& file : files) {
    for (std::size_t n = 0; n < file.size(); ++n) {
      // A copy of exactly n bytes, so that reading past it is seen by the sanitizer.
      const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
      const std::string message = bad_input([&] {
        decode_image({cut.data(), cut.size()}, "z.zip: train/a/1");
      });
      CHECK_THAT(message, Contains("z.zip: train/a/1: ") && Contains("replace or remove it"));
    }
  }
}

TEST_CASE("Flipped bytes: PNG is always refused, JPEG never breaks anything") {
  const std::string png = png_bytes(smooth_image(16, 16, 3, 0));
  for (std::size_t n = 0; n < png.size(); ++n) {
    std::string flipped = png;
    flipped[n] = static_cast<char>(flipped[n] ^ (1 << (n % 8)));
    CHECK(throws_bad_input([&] { decode_image(flipped, "x.png"); }));
  }
  int refused = 0;
  for (const bool progressive : {false, true}) {
    const std::string jpeg = jpeg_bytes(smooth_image(16, 16, 3, 0), 80, progressive);
    for (std::size_t n = 0; n < jpeg.size(); ++n) {
      for (const int change : {0xff, 0x01, 0x80}) {
        std::string flipped = jpeg;
        flipped[n] = static_cast<char>(flipped[n] ^ change);
        refused += throws_bad_input([&] { decode_image(flipped, "x.jpg"); });
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("Size bombs and foreign files are refused before anything is allocated") {
  std::string png = png_bytes(smooth_image(8, 8, 1, 0));
  png.replace(16, 8, std::string("\0\1\x86\xa0\0\1\x86\xa0", 8));  // 100,000 x 100,000
  const auto crc =
      static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data() + 12), 17));
  for (int i = 0; i < 4; ++i)
    png[29 + static_cast<std::size_t>(i)] = static_cast<char>(crc >> (24 - 8 * i));
  CHECK_THAT(bad_input([&] { decode_image(png, "x.png"); }), Contains("64 Mpixel"));

  std::string jpeg = jpeg_bytes(smooth_image(8, 8, 1, 0), 80);
  const std::size_t frame = jpeg.find("\xff\xc0");
  REQUIRE(frame != std::string::npos);
  jpeg.replace(frame + 5, 4, "\xff\x00\xff\x00", 4);
  CHECK_THAT(bad_input([&] { decode_image(jpeg, "x.jpg"); }), Contains("64 Mpixel"));

  CHECK_THAT(bad_input([&] { decode_image(jpeg_bytes(smooth_image(8, 8, 4, 0), 80), "x.jpg"); }),
             Contains("4 colour components"));
  CHECK_THAT(bad_input([&] { decode_image("GIF89a", "x.gif"); }), Contains("neither JPEG nor PNG"));
  CHECK_THAT(bad_input([&] { decode_image("", "x.png"); }), Contains("neither JPEG nor PNG"));
}
