#pragma once
// A space of a few thousand tiny networks and images that it can learn, so that training tests take
// seconds.

#include <cmath>
#include <memory>
#include <string>

#include "tinynas/dataset.h"
#include "tinynas/rng.h"
#include "tinynas/search_space.h"
#include "tinynas/trainer.h"

namespace tinynas::testing {

inline const std::string kHeadlessSpace = R"(
name = "tiny"
description = "for tests"
image_channels = 1
classes = 3
resolutions = [8, 12]
channel_divisor = 2
[stem]
channels = 6
width = [0.5, 1.0]
kernel = 3
stride = 1
[[stage]]
channels = 6
width = [0.5, 1.0]
stride = 2
depth = [1]
kernel = [3, 5]
expand = [1]
[[stage]]
channels = 8
width = [0.5, 1.0]
stride = 1
depth = [1, 2, 3]
kernel = [3, 5, 7]
expand = [2, 4]
)";

/// As the spaces of the shipped supernets: the classifier reads the last stage.
inline SearchSpace headless_space() { return SearchSpace::parse(kHeadlessSpace, "headless.toml"); }

inline SearchSpace tiny_space() {
  return SearchSpace::parse(kHeadlessSpace + R"([head]
channels = 12
width = [0, 0.5, 1.0]
)",
                            "tiny.toml");
}

/// Class 0: horizontal stripes, 1: vertical, 2: diagonal, with noise.
inline ImageSet striped_images(int count, int side, std::uint64_t seed) {
  ImageSet set;
  set.height = set.width = side;
  set.channels = 1;
  for (int i = 0; i < count; ++i) {
    Rng rng(seed, static_cast<std::uint64_t>(i));
    const int label = i % 3;
    const double phase = rng.uniform() * 6.28;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double along = label == 0 ? y : label == 1 ? x : 0.7 * (x + y);
        set.pixels.push_back(static_cast<std::uint8_t>(128 + 70 * std::sin(1.5 * along + phase) +
                                                       50 * (rng.uniform() - 0.5)));
      }
    }
    set.labels.push_back(label);
  }
  return set;
}

/// The largest alone, then the sandwich rule, on these images: steps of 48, no flips (diagonals
/// have a direction).
inline TrainOptions tiny_training(const std::string& out, double warmup, double epochs) {
  TrainOptions options;
  options.recipe = "tiny";
  options.out_dir = out;
  TrainingPhase largest, sandwich;
  largest.name = "largest";
  largest.epochs = warmup;
  largest.cosine = false;
  sandwich.name = "sandwich";
  sandwich.epochs = epochs;
  sandwich.sort_channels = sandwich.smallest = true;
  sandwich.random_subnets = 2;
  sandwich.teacher = Teacher::kInPlace;
  sandwich.label_share = 0;
  for (const char* axis : {"resolution", "width", "depth", "kernel", "expand"})
    sandwich.elastic[axis] = TrainingPhase::kAllChoices;
  options.phases = {largest, sandwich};
  options.batch_images = 48;
  options.learning_rate = 0.1;
  options.augmentation = {.shift_pixels = 1, .horizontal_flip = false};
  options.random_subnets_in_card = 1;
  return options;
}

inline std::shared_ptr<const Dataset> striped_dataset() {
  auto data = std::make_shared<Dataset>();
  data->name = "stripes";
  data->path = "stripes";
  data->class_names = {"rows", "columns", "diagonals"};
  data->train = striped_images(384, 12, 1);
  data->calibration = striped_images(192, 12, 2);
  data->validation = striped_images(300, 12, 3);
  data->test = striped_images(150, 12, 4);
  data->split_hash = "0123456789abcdef";
  return data;
}

}  // namespace tinynas::testing
