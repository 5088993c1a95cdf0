#pragma once
// Few images first: which networks are worth measuring on more.

#include <cstddef>

namespace tinynas {

/// Learns from networks measured both ways by how much many images say something else than few.
/// The few are the same for all networks, so what they have in common (easy or hard images) drops
/// out, and little spread is left: that is what makes few images enough to reject most.
class Screening {
 public:
  /// One network's rank values, on few images and on many.
  void learn(double few, double many);
  /// False until so many pairs are known that their spread means something.
  bool ready() const { return pairs_ >= kLeastPairs; }
  /// What many images would say, as expected.
  double expected(double few) const { return few + mean_; }
  /// Whether many images may still put it at `incumbent` or above, with 95 % confidence (one-sided
  /// prediction interval of a normal difference). True until ready.
  bool promising(double few, double incumbent) const;

 private:
  static constexpr std::size_t kLeastPairs = 8;
  std::size_t pairs_ = 0;
  double mean_ = 0, squares_ = 0;  ///< of the differences (Welford)
};

}  // namespace tinynas
