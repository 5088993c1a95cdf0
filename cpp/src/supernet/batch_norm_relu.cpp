#include "supernet/batch_norm_relu.h"

#include "supernet/batch_norm_kernels.h"
#include "supernet/device.h"

namespace tinynas {

namespace {

std::int64_t rows_of(const torch::Tensor& x) { return x.size(0) * x.size(2) * x.size(3); }

/// Statistics and result are computed by the kernels; gamma and beta take part in the graph.
struct BatchNormRelu : torch::autograd::Function<BatchNormRelu> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context,
                                                const torch::Tensor& x, const torch::Tensor& gamma,
                                                const torch::Tensor& beta, bool relu,
                                                double epsilon) {
    const std::int64_t channels = x.size(1);
    torch::Tensor mean = torch::empty({channels}, x.options());
    torch::Tensor variance = torch::empty({channels}, x.options());
    batch_statistics(x.const_data_ptr<float>(), rows_of(x), channels,
                     mean.mutable_data_ptr<float>(), variance.mutable_data_ptr<float>());
    const torch::Tensor inverse_deviation = (variance + epsilon).rsqrt();
    const torch::Tensor scale = gamma * inverse_deviation;
    const torch::Tensor shift = beta - mean * scale;
    torch::Tensor y = torch::empty_like(x);
    scale_and_shift(x.const_data_ptr<float>(), rows_of(x), channels, scale.const_data_ptr<float>(),
                    shift.const_data_ptr<float>(), relu, y.mutable_data_ptr<float>());
    context->save_for_backward({x, mean, inverse_deviation, scale, shift});
    context->saved_data["relu"] = relu;
    context->mark_non_differentiable({mean, variance});
    return {y, mean, variance};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const torch::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    torch::Tensor of_x = torch::empty_like(x);
    torch::Tensor of_gamma = torch::empty({x.size(1)}, x.options());
    torch::Tensor of_beta = torch::empty({x.size(1)}, x.options());
    batch_norm_gradient(x.const_data_ptr<float>(), gradient.const_data_ptr<float>(), rows_of(x),
                        x.size(1),
                        {saved[1].const_data_ptr<float>(), saved[2].const_data_ptr<float>(),
                         saved[3].const_data_ptr<float>(), saved[4].const_data_ptr<float>()},
                        context->saved_data["relu"].toBool(), of_x.mutable_data_ptr<float>(),
                        of_gamma.mutable_data_ptr<float>(), of_beta.mutable_data_ptr<float>());
    return {of_x, of_gamma, of_beta, {}, {}};
  }
};

}  // namespace

NormalisedBatch batch_norm_relu(const torch::Tensor& x, const torch::Tensor& gamma,
                                const torch::Tensor& beta, bool relu, double epsilon,
                                bool with_statistics) {
  // One-channel maps and single pixels make the layout ambiguous: it is set here.
  const torch::Tensor map = x.contiguous(map_format(x.device()));
  if (map.is_cpu() && map.scalar_type() == at::kFloat) {
    auto result = BatchNormRelu::apply(map, gamma.contiguous(), beta.contiguous(), relu, epsilon);
    return {result[0], result[1], result[2]};
  }
  auto [normal, mean, inverse_deviation] =
      at::native_batch_norm(map, gamma, beta, {}, {}, /*training=*/true, 0.0, epsilon);
  if (relu) normal.relu_();
  if (!with_statistics) return {normal, {}, {}};
  return {normal, mean, inverse_deviation.pow(-2) - epsilon};
}

}  // namespace tinynas
