#pragma once
// The log-mel front end on the host: samples to an image. See tinynas/audio.h.

#include <span>

#include "data/stored.h"
#include "tinynas/audio.h"

namespace tinynas {

/// Window and triangles of one front end. Immutable: any number of threads may use it.
class LogMel {
 public:
  explicit LogMel(const AudioFrontEnd& front_end);
  const AudioFrontEnd& front_end() const { return front_end_; }

  /// `samples`: one channel, full scale is 1, of any length.
  Image image(std::span<const double> samples) const;

 private:
  AudioFrontEnd front_end_;
  std::vector<double> window_;
  std::vector<MelBand> bands_;
  double power_scale_;  ///< of the transform's squares: a full-scale sine gets 1
};

}  // namespace tinynas
