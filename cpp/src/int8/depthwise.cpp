#include <algorithm>
#include <memory>

#include "base/vector_clones.h"
#include "int8/kernels.h"
#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

struct Depthwise {
  Op op;
  Shape in, out;
  std::int32_t multiplier = 1;  ///< output channels an input channel
  std::int32_t input_zero = 0, output_zero = 0;
  std::int32_t low = -128, high = 127;
  std::vector<std::int16_t> weights;  ///< [kernel row][kernel column][out channel]
  std::vector<std::int32_t> bias;
  std::vector<Requantizer> requantizers;
};

TINYNAS_VECTOR_CLONES void add_products(const std::int8_t* pixel, std::int32_t zero,
                                        const std::int16_t* weights, std::int32_t channels,
                                        std::int32_t* sums) {
  for (std::int32_t c = 0; c < channels; ++c) sums[c] += (pixel[c] - zero) * weights[c];
}

void add_window(const Depthwise& d, const std::int8_t* input, std::int32_t y, std::int32_t x,
                std::int32_t* sums) {
  for (std::int32_t ky = 0; ky < d.op.kernel_h; ++ky) {
    const std::int32_t row = y * d.op.stride_h - d.op.pad_top + ky;
    if (row < 0 || row >= d.in.h) continue;
    for (std::int32_t kx = 0; kx < d.op.kernel_w; ++kx) {
      const std::int32_t at = x * d.op.stride_w - d.op.pad_left + kx;
      if (at < 0 || at >= d.in.w) continue;
      const std::int8_t* pixel = input + (std::int64_t{row} * d.in.w + at) * d.in.c;
      const std::int16_t* weights =
          d.weights.data() + (std::int64_t{ky} * d.op.kernel_w + kx) * d.out.c;
      if (d.multiplier == 1) {
        add_products(pixel, d.input_zero, weights, d.out.c, sums);
        continue;
      }
      for (std::int32_t c = 0; c < d.out.c; ++c) {
        sums[c] += (pixel[c / d.multiplier] - d.input_zero) * weights[c];
      }
    }
  }
}

void run(const Depthwise& d, const std::int8_t* input, std::int8_t* output,
         KernelWorkspace& workspace) {
  auto& sums = workspace.sums;
  for (std::int32_t y = 0; y < d.out.h; ++y) {
    for (std::int32_t x = 0; x < d.out.w; ++x, output += d.out.c) {
      sums = d.bias;
      add_window(d, input, y, x, sums.data());
      for (std::int32_t c = 0; c < d.out.c; ++c) {
        const auto channel = static_cast<std::size_t>(c);
        output[c] = clamp_to_int8(
            requantize(sums[channel], d.requantizers[channel]) + d.output_zero, d.low, d.high);
      }
    }
  }
}

}  // namespace

Kernel make_depthwise(const Graph& graph, const Op& op) {
  auto d = std::make_shared<Depthwise>();
  d->op = op;
  d->in = graph.in_shape(op);
  d->out = graph.out_shape(op);
  d->multiplier = d->out.c / d->in.c;
  d->input_zero = operand_quantisation(graph, op, 0).zero_point;
  d->output_zero = graph.tensors[op.output].zero_point;
  const OpConstants& constants = graph.constants_of(op);
  d->low = constants.output_min;
  d->high = constants.output_max;
  d->weights.assign(constants.weights.begin(), constants.weights.end());
  d->bias = constants.bias;
  d->bias.resize(static_cast<std::size_t>(d->out.c), 0);
  d->requantizers = output_requantizers(graph, op);
  return [d](std::span<const std::int8_t* const> inputs, std::int8_t* output,
             KernelWorkspace& workspace) { run(*d, inputs[0], output, workspace); };
}

}  // namespace tinynas
