#pragma once
// What becomes of training images.

namespace tinynas {

/// What is done to an image each time that it is trained on, drawn anew; by default nothing.
struct Augmentation {
  int shift_pixels = 0;          ///< uniform in [-shift, shift] on both axes, black comes in
  bool horizontal_flip = false;  ///< of every other image
  int erase_pixels = 0;          ///< side of a square that is set to the mean (cutout); 0: none
  /// Least share of the image's area that a crop keeps, sides between 3:4 and 4:3, stretched to the
  /// whole (Szegedy et al., 2014); 1: no crops.
  double least_crop = 1.0;
  /// RandAugment (Cubuk et al., 2020): this many of rotation, shears, zoom, brightness, contrast,
  /// saturation, posterise and solarise, each up to `magnitude` (0 to 1).
  int operations = 0;
  double magnitude = 0.3;
  /// Images are blended in pairs, labels likewise, by a share of Beta(mixup, mixup) (Zhang et al.,
  /// "mixup", 2018); 0: not.
  double mixup = 0.0;

  bool operator==(const Augmentation&) const = default;
};

}  // namespace tinynas
