#include "supernet/image_batches.h"

#include <array>
#include <numeric>

#include "tinynas/rng.h"

namespace tinynas {
namespace {

/// Byte value -> normalised float, for each channel.
using ByteTables = std::vector<std::array<float, 256>>;

ByteTables byte_tables(const Normalisation& normalisation) {
  ByteTables tables(normalisation.mean.size());
  for (std::size_t c = 0; c < tables.size(); ++c) {
    for (int value = 0; value < 256; ++value) {
      tables[c][value] = normalised_pixel(normalisation, c, value);
    }
  }
  return tables;
}

struct Placement {
  int shift_y = 0, shift_x = 0;
  bool flip = false;
  int erase_top = 0, erase_left = 0, erase_side = 0;
  bool erased(int y, int x) const {
    return erase_side > 0 && y >= erase_top && y < erase_top + erase_side && x >= erase_left &&
           x < erase_left + erase_side;
  }
};

Placement draw(const Augmentation& augmentation, const ImageSet& images, Rng rng) {
  Placement placement;
  const auto span = static_cast<std::uint32_t>(2 * augmentation.shift_pixels + 1);
  placement.shift_y = static_cast<int>(rng.below(span)) - augmentation.shift_pixels;
  placement.shift_x = static_cast<int>(rng.below(span)) - augmentation.shift_pixels;
  placement.flip = augmentation.horizontal_flip && rng.chance(0.5);
  placement.erase_side = augmentation.erase_pixels;
  placement.erase_top = static_cast<int>(rng.below(images.height)) - augmentation.erase_pixels / 2;
  placement.erase_left = static_cast<int>(rng.below(images.width)) - augmentation.erase_pixels / 2;
  return placement;
}

void place_image(const ImageSet& images, const std::uint8_t* source, const ByteTables& tables,
                 const Placement& placement, float* target) {
  const int height = images.height, width = images.width, channels = images.channels;
  for (int y = 0; y < height; ++y) {
    const int from_y = y + placement.shift_y;
    for (int x = 0; x < width; ++x) {
      const int from_x = (placement.flip ? width - 1 - x : x) + placement.shift_x;
      const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
      for (int c = 0; c < channels; ++c, ++target) {
        if (placement.erased(y, x)) {
          *target = 0.0f;
        } else {
          *target = tables[c][inside ? source[(from_y * width + from_x) * channels + c] : 0];
        }
      }
    }
  }
}

template <typename Place>
torch::Tensor fill_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                         const Normalisation& normalisation, Place place_of) {
  const ByteTables tables = byte_tables(normalisation);
  auto nhwc = torch::empty(
      {static_cast<std::int64_t>(indices.size()), images.height, images.width, images.channels});
  std::vector<std::uint8_t> bytes(indices.size() * images.image_bytes());
  images.read(indices, bytes.data());
  auto* target = nhwc.data_ptr<float>();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    place_image(images, bytes.data() + i * images.image_bytes(), tables, place_of(i), target);
    target += images.image_bytes();
  }
  return nhwc.permute({0, 3, 1, 2});
}

}  // namespace

torch::Tensor image_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                          const Normalisation& normalisation) {
  return fill_batch(images, indices, normalisation, [](std::size_t) { return Placement{}; });
}

torch::Tensor augmented_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                              const Normalisation& normalisation, const Augmentation& augmentation,
                              std::uint64_t seed, std::uint64_t stream) {
  return fill_batch(images, indices, normalisation, [&](std::size_t i) {
    return draw(augmentation, images, Rng(seed, stream, static_cast<std::uint32_t>(i)));
  });
}

torch::Tensor label_batch(const ImageSet& images, std::span<const std::int32_t> indices) {
  auto labels = torch::empty({static_cast<std::int64_t>(indices.size())}, torch::kLong);
  auto* target = labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < indices.size(); ++i) target[i] = images.labels[indices[i]];
  return labels;
}

torch::Tensor resize_batch(const torch::Tensor& batch, int resolution) {
  if (batch.size(2) == resolution && batch.size(3) == resolution) return batch;
  return at::_upsample_bilinear2d_aa(batch, {resolution, resolution}, /*align_corners=*/false)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

LabelledImages first_images(const ImageSet& images, int count, const Normalisation& normalisation,
                            int resolution, torch::Device device) {
  const auto available = static_cast<int>(images.count());
  std::vector<std::int32_t> indices(count > 0 ? std::min(count, available) : available);
  std::iota(indices.begin(), indices.end(), 0);
  return {resize_batch(image_batch(images, indices, normalisation).to(device), resolution),
          label_batch(images, indices).to(device)};
}

}  // namespace tinynas
