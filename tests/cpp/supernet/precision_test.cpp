#include "supernet/precision.h"

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"

namespace tinynas {
namespace {

/// Logits, loss and the gradient of the classifier and the stem of the largest subnet.
struct Pass {
  torch::Tensor logits, classifier, stem;
};

Pass pass(Precision precision) {
  const Supernet replica = Supernet(testing::tiny_space(), 3).replica();
  const ImageSet images = testing::striped_images(24, 12, 1);
  const LabelledImages batch =
      first_images(images, 0, measure_normalisation(images), 12, torch::kCPU);
  const torch::Tensor logits = forward_in(precision, torch::kCPU, [&] {
    return forward_with_batch_statistics(replica.slice(replica.largest()), batch.pixels);
  });
  at::cross_entropy_loss(logits, batch.labels).backward();
  return {logits.detach(), replica.classifier_weight.grad(), replica.stem.weight.grad()};
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

TEST_CASE("bfloat16 is close to float32, and weights' gradients stay float32") {
  const Pass exact = pass(Precision::kFloat32), mixed = pass(Precision::kBfloat16);
  for (const torch::Tensor& tensor : {mixed.logits, mixed.classifier, mixed.stem})
    CHECK(tensor.scalar_type() == torch::kFloat);
  // 8 bits of mantissa: 0.4 % an operation.
  const double logits = distance(mixed.logits, exact.logits);
  CHECK(logits > 0);
  CHECK(logits < 0.05);
  CHECK(distance(mixed.classifier, exact.classifier) < 0.05);
  CHECK(distance(mixed.stem, exact.stem) < 0.15);
}

TEST_CASE("float32 stays float32 after bfloat16") {
  const Pass before = pass(Precision::kFloat32);
  pass(Precision::kBfloat16);
  CHECK(torch::equal(before.logits, pass(Precision::kFloat32).logits));
}

TEST_CASE("a training in bfloat16 learns, or is refused where it would be slow") {
  const testing::TemporaryFolder folder;
  TrainOptions options = testing::tiny_training(folder.file("run"), 4, 0);
  options.random_subnets_in_card = 0;
  options.precision = Precision::kBfloat16;
  const auto train = [&] {
    train_supernet(testing::tiny_space(), *testing::striped_dataset(), options, {}, {});
  };
  if (const auto reason =
          testing::bad_input([&] { check_precision(options.precision, torch::kCPU); });
      reason != "no error") {
    CHECK(testing::bad_input(train) == reason);
    CHECK(testing::contains(reason, "--precision bf16"));
    return;
  }
  train();
  const Json history = read_json_file(options.out_dir + "/history.json");
  CHECK(history.back()["loss"] < 0.7);
  CHECK(history.back()["largest_validation"] > 0.6);
  CHECK(testing::contains(read_file(options.out_dir + "/MODEL_CARD.md"), "device cpu, bf16"));
  options.precision = Precision::kFloat32;
  CHECK(testing::contains(testing::bad_input(train), "'precision'"));
}

TEST_CASE("precisions by name") {
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16})
    CHECK(parse_precision(precision_name(precision), "--precision") == precision);
  CHECK(testing::contains(testing::bad_input([] { parse_precision("fp8", "--precision"); }),
                          "--precision: 'fp8'"));
}

}  // namespace
}  // namespace tinynas
