#include "supernet/depthwise_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <array>

#include "supernet/depthwise_weight_gradient.h"

namespace tinynas {

namespace {

torch::Tensor weight_gradient(const torch::Tensor& x, const torch::Tensor& gradient,
                              const torch::Tensor& weight, std::int64_t stride) {
  const torch::Tensor input = x.contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor output = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  torch::Tensor sums = torch::empty(weight.sizes(), weight.options());
  const DepthwiseShape shape{x.size(0),        x.size(1),        x.size(2),      x.size(3),
                             gradient.size(2), gradient.size(3), weight.size(2), stride};
  constexpr std::int64_t kChannelsATask = 64;
  at::parallel_for(0, shape.channels, kChannelsATask, [&](std::int64_t first, std::int64_t last) {
    depthwise_weight_gradient(shape, input.const_data_ptr<float>(), output.const_data_ptr<float>(),
                              sums.mutable_data_ptr<float>(), first, last);
  });
  return sums;
}

struct DepthwiseConvolution : torch::autograd::Function<DepthwiseConvolution> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, std::int64_t stride) {
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    const std::int64_t padding = weight.size(2) / 2;
    return at::conv2d(x, weight, {}, stride, padding, 1, weight.size(0))
        .contiguous(at::MemoryFormat::ChannelsLast);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1], &gradient = gradients[0];
    const std::int64_t stride = context->saved_data["stride"].toInt();
    const std::int64_t padding = weight.size(2) / 2;
    torch::Tensor of_input;
    if (context->needs_input_grad(0)) {
      of_input = std::get<0>(at::convolution_backward(
          gradient, x, weight, at::OptionalIntArrayRef{}, {stride, stride}, {padding, padding},
          {1, 1}, /*transposed=*/false, {0, 0}, weight.size(0), {true, false, false}));
    }
    return {of_input, weight_gradient(x, gradient, weight, stride), {}};
  }
};

}  // namespace

bool gains_by_depthwise_convolution(const torch::Tensor& x, const torch::Tensor& weight) {
  return at::GradMode::is_enabled() && weight.requires_grad() && x.is_cpu() &&
         x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat &&
         weight.size(0) == x.size(1) && weight.size(1) == 1 && weight.size(2) == weight.size(3) &&
         has_depthwise_weight_gradient(weight.size(2)) &&
         !at::autocast::is_autocast_enabled(at::kCPU);
}

torch::Tensor depthwise_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                    int stride) {
  return DepthwiseConvolution::apply(x, weight, static_cast<std::int64_t>(stride));
}

}  // namespace tinynas
