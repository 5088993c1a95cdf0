#pragma once
// Resizing and channel conversion in integer arithmetic: the same bytes on every machine.

#include "data/stored.h"

namespace tinynas {

/// Shorter side to `resolution`, then centre crop to a square; antialiased bilinear (a triangle as
/// wide as the reduction). An image that has this size already is returned unchanged.
Image resize_image(Image image, int resolution);

/// Grey is copied to three channels; colour becomes luma (ITU-R BT.601). `channels` 0: unchanged.
Image convert_channels(Image image, int channels);

}  // namespace tinynas
