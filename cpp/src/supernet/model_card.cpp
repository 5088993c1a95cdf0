#include "supernet/model_card.h"

#include <cstdio>
#include <sstream>

#include "supernet/subnet_measurement.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

Json measured_subnet(const ModelCard& card, const Genotype& genotype) {
  const SearchSpace& space = card.supernet.space();
  const Subnet subnet = space.decode(genotype);
  const Graph graph = lower(subnet);
  const Measurement test =
      measure_on_split(card.supernet, subnet, card.data, card.normalisation, Split::kTest,
                       card.device, card.options.augmentation, 0);
  return {{"id", space.id(genotype)},
          {"subnet", describe(subnet)},
          {"test", test.accuracy},
          {"macs", graph_macs(graph)},
          {"params", graph_params(graph)}};
}

/// Bars would end a cell of the table.
std::string table_cell(const std::string& text) {
  std::string cell;
  for (const char letter : text) {
    if (letter == '|') cell.push_back('\\');
    cell.push_back(letter);
  }
  return cell;
}

std::string phase_text(const TrainingPhase& phase) {
  std::ostringstream text;
  text << phase.epochs << " epochs of ";
  std::string comma;
  auto add = [&](const std::string& what) {
    text << comma << what;
    comma = " + ";
  };
  if (phase.largest) add("largest");
  if (phase.smallest) add("smallest");
  if (phase.largest_resized) add("largest at a drawn resolution");
  if (phase.smallest_resized) add("smallest at a drawn resolution");
  if (phase.random_subnets > 0) add(std::to_string(phase.random_subnets) + " random");
  if (phase.teacher == Teacher::kInPlace) text << ", taught by the largest in place";
  if (phase.teacher == Teacher::kFrozen) text << ", taught by the largest of before";
  if (phase.sort_channels) text << ", channels sorted first";
  return phase.name + ": " + text.str();
}

std::string phases_text(const TrainOptions& options) {
  std::string text;
  for (const TrainingPhase& phase : options.phases)
    text += (text.empty() ? "" : "; ") + phase_text(phase);
  if (options.kernel_transforms) text += "; learned kernel transforms";
  if (options.resolution_per_batch) text += "; one resolution a step";
  if (options.alpha_divergence) text += "; alpha-divergence";
  if (options.subnets_per_shard) text += "; random subnets of each shard's own";
  if (options.worst_of > 1)
    text += "; random subnets: the worst of " + std::to_string(options.worst_of);
  if (!options.accepts_what.empty()) text += "; random subnets: " + options.accepts_what;
  return text;
}

std::string augmentation_text(const TrainOptions& options) {
  const Augmentation& augmentation = options.augmentation;
  std::ostringstream text;
  text << "shift " << augmentation.shift_pixels << " px, flip "
       << (augmentation.horizontal_flip ? "yes" : "no") << ", erase " << augmentation.erase_pixels
       << " px, least crop " << augmentation.least_crop << ", " << augmentation.operations
       << " operations (magnitude " << augmentation.magnitude << "), mixup " << augmentation.mixup
       << ", label smoothing " << options.label_smoothing;
  return text.str();
}

std::string percent(const Json& entry) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", 100 * entry["test"].get<double>());
  return text;
}

}  // namespace

Measurement measure_on_split(const Supernet& supernet, const Subnet& subnet, const Dataset& data,
                             const Normalisation& normalisation, Split split, torch::Device device,
                             const Augmentation& augmentation, int recalibration_images) {
  c10::InferenceMode inference;
  const SubnetProgram program = supernet.slice(subnet);
  const torch::Tensor calibration =
      calibration_images(data.calibration, recalibration_images, normalisation, augmentation,
                         subnet.resolution, device);
  const FoldedNetwork network = recalibrated(program, calibration);
  const LabelledImages images =
      first_images(data.split(split), 0, normalisation, subnet.resolution, device);
  const torch::Tensor one_hot = at::one_hot(images.labels, subnet.classes).to(torch::kFloat);
  return measure(network, images.pixels, images.labels, one_hot);
}

Json measure_model_card(const ModelCard& card) {
  const SearchSpace& space = card.supernet.space();
  Json measured;
  measured["seed"] = card.options.seed;
  measured["hours"] = card.hours;
  measured["command"] = card.options.command;
  measured["largest"] = measured_subnet(card, space.largest());
  measured["smallest"] = measured_subnet(card, space.smallest());
  measured["random"] = Json::array();
  Rng rng(card.options.seed, 0, 0x63617264);
  for (int i = 0; i < card.options.random_subnets_in_card; ++i) {
    measured["random"].push_back(measured_subnet(card, space.sample(rng)));
  }
  return measured;
}

std::string model_card_text(const ModelCard& card, const Json& measured) {
  const TrainOptions& options = card.options;
  std::ostringstream text;
  text << "# Supernet `" << card.supernet.space().name() << "`\n\n"
       << "Written by `tinynas train`. Accuracies are top-1, float, with supernet weights (BN "
          "recalibrated on images augmented as in training, crops and mixup left out; nothing "
          "fine-tuned), on the "
       << format_count(static_cast<std::int64_t>(card.data.test.count()))
       << " test images, each computed once.\n\n"
       << "| | |\n|---|---|\n"
       << "| command | `" << options.command << "` |\n"
       << "| seed | " << options.seed << " |\n";
  char hours[32];
  std::snprintf(hours, sizeof hours, "%.2f", card.hours);
  text << "| hours | " << hours << " (wall clock, device " << options.device;
  if (options.group.size > 1) text << ", " << options.group.size << " processes";
  text << ", " << precision_name(options.precision) << ") |\n"
       << "| data | " << card.info.dataset_name << ": "
       << format_count(static_cast<std::int64_t>(card.data.train.count())) << " train, "
       << format_count(card.info.calibration_images) << " calibration, "
       << format_count(card.info.validation_images) << " validation; splits "
       << card.info.split_hash
       << (card.info.skip_bad_files
               ? "; without " + format_count(card.info.skipped_files) + " files that are bad"
               : std::string())
       << " |\n"
       << (card.info.audio ? "| front end | " + describe(*card.info.audio) + " |\n" : "")
       << "| search space | " << card.supernet.space().name() << ", hash "
       << card.supernet.space().hash() << " |\n"
       << "| recipe | " << options.recipe << " |\n"
       << "| phases | " << phases_text(options) << " |\n"
       << "| optimiser | SGD, batch " << options.batch_images << " (" << options.shards
       << " shards), learning rate " << options.learning_rate << ", weight decay "
       << options.weight_decay << ", average of weights " << options.average_decay << " |\n"
       << "| augmentation | " << augmentation_text(options) << " |\n\n"
       << "| subnet | test % | MACs | parameters | |\n|---|---|---|---|---|\n";
  auto row = [&](const std::string& name, const Json& entry) {
    text << "| " << name << " | " << percent(entry) << " | "
         << format_count(entry["macs"].get<std::int64_t>()) << " | "
         << format_count(entry["params"].get<std::int64_t>()) << " | "
         << table_cell(entry["subnet"].get<std::string>()) << " |\n";
  };
  row("largest", measured["largest"]);
  row("smallest", measured["smallest"]);
  for (const Json& entry : measured["random"]) row(entry["id"].get<std::string>(), entry);
  return text.str();
}

}  // namespace tinynas
