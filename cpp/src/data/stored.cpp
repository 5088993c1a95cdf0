#include "data/stored.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>

#include "data/resize.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

const std::uint8_t* image_at(const ImageSet& images, std::size_t i) {
  return images.pixels.data() + i * images.image_bytes();
}

}  // namespace

std::uint64_t hash_image(const std::uint8_t* pixels, int height, int width, int channels) {
  const std::array<std::uint8_t, 9> head = {
      static_cast<std::uint8_t>(height),       static_cast<std::uint8_t>(height >> 8),
      static_cast<std::uint8_t>(height >> 16), static_cast<std::uint8_t>(height >> 24),
      static_cast<std::uint8_t>(width),        static_cast<std::uint8_t>(width >> 8),
      static_cast<std::uint8_t>(width >> 16),  static_cast<std::uint8_t>(width >> 24),
      static_cast<std::uint8_t>(channels)};
  const auto bytes = static_cast<std::size_t>(height) * width * channels;
  return hash_bytes(pixels, bytes, hash_bytes(head.data(), head.size()));
}

StoredSizes equal_sizes(const ImageSet& images) {
  StoredSizes sizes{images.height, images.height, images.width, images.width};
  sizes.min_side = sizes.median_side = std::min(images.height, images.width);
  (images.channels == 1 ? sizes.grey : sizes.colour) = images.count();
  return sizes;
}

StoredImages convert_images(ImageSet images, const DatasetOptions& options) {
  StoredImages stored;
  const std::size_t count = images.count();
  stored.hashes.resize(count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    stored.hashes[i] =
        hash_image(image_at(images, i), images.height, images.width, images.channels);
  });
  const bool right_size = options.resolution == 0 || (images.height == options.resolution &&
                                                      images.width == options.resolution);
  const bool right_channels = options.channels == 0 || images.channels == options.channels;
  if (right_size && right_channels) {
    stored.images = std::move(images);
    return stored;
  }
  ImageSet& target = stored.images;
  target.height = right_size ? images.height : options.resolution;
  target.width = right_size ? images.width : options.resolution;
  target.channels = right_channels ? images.channels : options.channels;
  target.pixels.resize(count * target.image_bytes());
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    Image image{images.height,
                images.width,
                images.channels,
                {image_at(images, i), image_at(images, i) + images.image_bytes()}};
    image = convert_channels(std::move(image), target.channels);
    if (!right_size) image = resize_image(std::move(image), options.resolution);
    std::copy(image.pixels.begin(), image.pixels.end(),
              target.pixels.begin() + static_cast<std::ptrdiff_t>(i * target.image_bytes()));
  });
  target.labels = std::move(images.labels);
  return stored;
}

std::string printable(const std::string& text) {
  std::string result = text;
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }, '?');
  return result;
}

}  // namespace tinynas
