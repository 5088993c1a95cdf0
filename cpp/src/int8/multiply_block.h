#pragma once
// The inner loop of convolutions: four pixels by sixteen output channels.

#include <cstdint>

namespace tinynas {

inline constexpr std::int32_t kChannelBlock = 16;
inline constexpr std::int32_t kPixelBlock = 4;

/// sums[pixel][channel] = bias[channel] + sum over k < depth, which is even, of
/// columns[pixel][k] * weights[k / 2][channel][k % 2]. Columns are within 255 of 0, weights int8.
/// Chosen for the processor at hand.
void multiply_block(const std::int16_t* columns, const std::int16_t* weights, std::int32_t depth,
                    const std::int32_t* bias, std::int32_t* sums);

}  // namespace tinynas
