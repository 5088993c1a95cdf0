#pragma once
// The once-for-all supernet: weights of every subnet of a space, sliced, never copied. LibTorch
// stays behind the pimpl.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/augmentation.h"
#include "tinynas/dataset.h"
#include "tinynas/evaluator.h"
#include "tinynas/quantize.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// What a supernet file says about itself: enough to refuse the wrong data and to write a model
/// card.
struct SupernetInfo {
  std::string path;
  std::string space_name, space_hash, space_toml;
  std::string file_hash;  ///< 16 hex digits over the file's bytes
  std::string dataset_name, split_hash;
  std::vector<std::string> class_names;
  int image_channels = 0;
  std::vector<double> mean, deviation;  ///< per channel, of pixels / 255
  std::uint64_t split_seed = 0;
  int calibration_images = 0, validation_images = 0;
  bool skip_bad_files = false;         ///< trained without files that could not be decoded
  int skipped_files = 0;               ///< how many those were
  std::optional<AudioFrontEnd> audio;  ///< of a supernet for recordings
  /// Of the images that it was trained on, and, but for crops, that BN is recalibrated on; files of
  /// version 0.1 before November 2026 say nothing, and are recalibrated on plain images.
  Augmentation augmentation;
};
/// Reads the head of a supernet file (.pt). Throws BadInput on a file that is none, is damaged or
/// is newer.
SupernetInfo read_supernet_info(const std::string& path);

/// The shipped supernet of a space: supernets/NAME/supernet.pt in the data folder. Throws BadInput
/// when there is none.
std::string shipped_supernet_path(const std::string& space_name);

struct EvaluatorOptions {
  std::string device = "cpu";  ///< as torch spells it: "cpu", "cuda", "cuda:1", "mps"
  int threads = 0;             ///< concurrent candidates on a CPU; 0: all cores
};

/// Measures subnets with the supernet's weights. `evaluate` recalibrates BN for each subnet on
/// calibration images, augmented as the supernet's training images were (never stored in the
/// supernet) and is safe to call concurrently; on a CPU a TBB pool runs candidates side by side
/// with one intra-op thread each.
class SupernetEvaluator : public Evaluator {
 public:
  /// Throws BadInput on a bad file, on a device that torch does not see, and when the data's splits
  /// are not those that the supernet was trained on.
  static std::unique_ptr<SupernetEvaluator> load(const std::string& path,
                                                 std::shared_ptr<const Dataset> data,
                                                 const EvaluatorOptions& options);
  ~SupernetEvaluator() override;

  std::vector<Measurement> evaluate(std::span<const Subnet> subnets,
                                    const Fidelity& fidelity) override;
  const SupernetInfo& info() const;
  const SearchSpace& space() const;
  /// Writes the subnet's own weights (sliced, BN recalibrated on all calibration images and folded)
  /// as one .pt file.
  void extract(const Subnet& subnet, const std::string& path);
  /// The int8 network that Fidelity::int8 measures, with all calibration images.
  QuantisedNetwork quantised(const Subnet& subnet);

 private:
  struct Impl;
  explicit SupernetEvaluator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Writes a subnet's int8 network as a .tflite file that names its space, its classes and how it
/// was quantised.
void write_int8_model(const QuantisedNetwork& network, const SupernetInfo& info,
                      const std::string& path);

/// torch's version, and the devices that it sees, for `tinynas --version`.
std::string torch_version();
std::vector<std::string> torch_devices();

}  // namespace tinynas
