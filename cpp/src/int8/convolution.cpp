#include <algorithm>
#include <memory>

#include "int8/kernels.h"
#include "int8/multiply_block.h"
#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

struct Convolution {
  Op op;
  Shape in, out;
  std::int32_t depth = 0;   ///< values of one window, made even by a zero
  std::int32_t blocks = 0;  ///< of output channels
  std::int32_t input_zero = 0, output_zero = 0;
  std::int32_t low = -128, high = 127;
  bool rounds_once = false;
  std::vector<std::int16_t> weights;  ///< [block][depth / 2][kChannelBlock][2]
  std::vector<std::int32_t> bias;     ///< padded to whole blocks
  std::vector<Requantizer> requantizers;
};

/// Pairs of values stand together, so that one instruction multiplies and adds both.
void pack_weights(const std::vector<std::int8_t>& from, std::int32_t values, Convolution& c) {
  c.weights.assign(static_cast<std::size_t>(c.blocks) * c.depth * kChannelBlock, 0);
  const std::int32_t channels = c.out.c;
  for (std::int32_t channel = 0; channel < channels; ++channel) {
    const std::int32_t block = channel / kChannelBlock, lane = channel % kChannelBlock;
    for (std::int32_t k = 0; k < values; ++k) {
      const std::size_t pair = static_cast<std::size_t>(block) * (c.depth / 2) + k / 2;
      c.weights[(pair * kChannelBlock + lane) * 2 + k % 2] =
          from[static_cast<std::size_t>(channel) * values + k];
    }
  }
}

/// The window of output pixel (y, x), zero point taken off; padding is 0.
void gather(const Convolution& c, const std::int8_t* input, std::int32_t y, std::int32_t x,
            std::int16_t* column) {
  const std::int32_t channels = c.in.c;
  const auto zero = static_cast<std::int16_t>(c.input_zero);
  for (std::int32_t ky = 0; ky < c.op.kernel_h; ++ky) {
    const std::int32_t row = y * c.op.stride_h - c.op.pad_top + ky;
    for (std::int32_t kx = 0; kx < c.op.kernel_w; ++kx, column += channels) {
      const std::int32_t at = x * c.op.stride_w - c.op.pad_left + kx;
      if (row < 0 || row >= c.in.h || at < 0 || at >= c.in.w) {
        std::fill_n(column, channels, std::int16_t{0});
        continue;
      }
      const std::int8_t* pixel = input + (std::int64_t{row} * c.in.w + at) * channels;
      for (std::int32_t i = 0; i < channels; ++i) {
        column[i] = static_cast<std::int16_t>(pixel[i] - zero);
      }
    }
  }
}

void store(const Convolution& c, const std::int32_t* sums, std::int32_t block, std::int8_t* pixel) {
  const std::int32_t first = block * kChannelBlock;
  const std::int32_t end = std::min(first + kChannelBlock, c.out.c);
  for (std::int32_t channel = first; channel < end; ++channel) {
    const Requantizer by = c.requantizers[static_cast<std::size_t>(channel)];
    const std::int32_t sum = sums[channel - first];
    const std::int32_t value = c.rounds_once ? requantize_once(sum, by) : requantize(sum, by);
    pixel[channel] = clamp_to_int8(value + c.output_zero, c.low, c.high);
  }
}

void run(const Convolution& c, const std::int8_t* input, std::int8_t* output,
         KernelWorkspace& workspace) {
  workspace.columns.assign(static_cast<std::size_t>(kPixelBlock) * c.depth, 0);
  std::int32_t sums[kPixelBlock * kChannelBlock];
  const std::int64_t pixels = std::int64_t{c.out.h} * c.out.w;
  for (std::int64_t first = 0; first < pixels; first += kPixelBlock) {
    const auto count =
        static_cast<std::int32_t>(std::min<std::int64_t>(kPixelBlock, pixels - first));
    for (std::int32_t p = 0; p < count; ++p) {
      gather(c, input, static_cast<std::int32_t>((first + p) / c.out.w),
             static_cast<std::int32_t>((first + p) % c.out.w),
             workspace.columns.data() + static_cast<std::size_t>(p) * c.depth);
    }
    for (std::int32_t block = 0; block < c.blocks; ++block) {
      multiply_block(workspace.columns.data(),
                     c.weights.data() + static_cast<std::size_t>(block) * c.depth * kChannelBlock,
                     c.depth, c.bias.data() + static_cast<std::size_t>(block) * kChannelBlock,
                     sums);
      for (std::int32_t p = 0; p < count; ++p) {
        store(c, sums + p * kChannelBlock, block, output + (first + p) * c.out.c);
      }
    }
  }
}

}  // namespace

Kernel make_convolution(const Graph& graph, const Op& op) {
  auto c = std::make_shared<Convolution>();
  c->op = op;
  c->in = graph.in_shape(op);
  c->out = graph.out_shape(op);
  if (op.kind == OpKind::kFullyConnected) {
    // A 1x1 convolution of one pixel that has all elements as channels.
    c->in = {1, 1, static_cast<std::int32_t>(c->in.elements())};
    c->out = {1, 1, static_cast<std::int32_t>(c->out.elements())};
    c->op.kernel_h = c->op.kernel_w = c->op.stride_h = c->op.stride_w = 1;
    c->op.pad_top = c->op.pad_left = 0;
  }
  const std::int32_t values = c->op.kernel_h * c->op.kernel_w * c->in.c;
  c->depth = (values + 1) / 2 * 2;
  c->rounds_once = op.kind == OpKind::kFullyConnected;
  c->blocks = (c->out.c + kChannelBlock - 1) / kChannelBlock;
  c->input_zero = operand_quantisation(graph, op, 0).zero_point;
  c->output_zero = graph.tensors[op.output].zero_point;
  const OpConstants& constants = graph.constants_of(op);
  c->low = constants.output_min;
  c->high = constants.output_max;
  pack_weights(constants.weights, values, *c);
  c->bias = constants.bias;
  c->bias.resize(static_cast<std::size_t>(c->blocks) * kChannelBlock, 0);
  c->requantizers = output_requantizers(graph, op);
  c->requantizers.resize(static_cast<std::size_t>(c->out.c), c->requantizers[0]);
  return [c](std::span<const std::int8_t* const> inputs, std::int8_t* output,
             KernelWorkspace& workspace) { run(*c, inputs[0], output, workspace); };
}

}  // namespace tinynas
