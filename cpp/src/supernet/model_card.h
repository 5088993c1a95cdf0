#pragma once
// What a trained supernet is worth, measured once on the test images, and how it came about.

#include <torch/torch.h>

#include <string>

#include "base/json_io.h"
#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "tinynas/supernet.h"
#include "tinynas/trainer.h"

namespace tinynas {

struct ModelCard {
  const Supernet& supernet;
  const Dataset& data;
  const Normalisation& normalisation;
  const SupernetInfo& info;
  const TrainOptions& options;
  torch::Device device;
  double hours;
};

/// BN recalibrated on `recalibration_images` calibration images (0: all), augmented, then all
/// images of the split, plain. `score` is not computed (the labels' one-hot stands in for the
/// teacher).
Measurement measure_on_split(const Supernet& supernet, const Subnet& subnet, const Dataset& data,
                             const Normalisation& normalisation, Split split, torch::Device device,
                             const Augmentation& augmentation, int recalibration_images);

/// Float test accuracy with supernet weights: {"largest", "smallest", "random": [{"id", "subnet",
/// "test", "macs", "params"}]}.
Json measure_model_card(const ModelCard& card);
std::string model_card_text(const ModelCard& card, const Json& measured);

}  // namespace tinynas
