#include <fstream>

#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

using testing::bad_input;
using testing::contains;

TrainOptions read(const testing::TemporaryFolder& folder, const std::string& text) {
  const std::string path = folder.file("recipe.toml");
  std::ofstream(path) << text;
  return read_recipe(path);
}

constexpr const char* kPhases = R"(
[[phase]]
name = "largest"
epochs = 2
subnets = ["largest"]
schedule = "constant"
[[phase]]
name = "small"
epochs = 6
learning_rate = 0.5
sort_channels = true
subnets = ["smallest", "smallest-resized", "random", "random", "random"]
teacher = "frozen"
label_share = 0.25
elastic = { kernel = "all", depth = 1 }
)";

TEST_CASE("a recipe says what is trained") {
  const testing::TemporaryFolder folder;
  const TrainOptions options = read(folder, std::string("description = 'two phases'\nbatch = 64\n"
                                                        "average_decay = 0.99\n[augmentation]\n"
                                                        "erase = 8\nmixup = 0.2\n") +
                                                kPhases);
  CHECK(options.batch_images == 64);
  CHECK(options.average_decay == 0.99);
  CHECK(options.augmentation.erase_pixels == 8);
  CHECK(options.augmentation.mixup == 0.2);
  CHECK(options.augmentation.shift_pixels == 0);
  CHECK_FALSE(options.augmentation.horizontal_flip);
  REQUIRE(options.phases.size() == 2);
  CHECK(options.phases[0].largest);
  CHECK_FALSE(options.phases[0].cosine);
  const TrainingPhase& second = options.phases[1];
  CHECK_FALSE(second.largest);
  CHECK(second.smallest);
  CHECK(second.smallest_resized);
  CHECK_FALSE(second.largest_resized);
  CHECK(second.random_subnets == 3);
  CHECK(second.teacher == Teacher::kFrozen);
  CHECK(second.label_share == 0.25);
  CHECK(second.elastic ==
        std::map<std::string, int>{{"kernel", TrainingPhase::kAllChoices}, {"depth", 1}});
}

TEST_CASE("phases keep their shares of other totals") {
  const testing::TemporaryFolder folder;
  TrainOptions options = read(folder, std::string("description = ''\n") + kPhases);
  CHECK(total_epochs(options) == 8);
  scale_epochs(options, 4);
  CHECK(options.phases[0].epochs == Approx(1));
  CHECK(options.phases[1].epochs == Approx(3));
  CHECK(options.phases[1].ramp_epochs == Approx(0.25));
}

TEST_CASE("a warm-up keeps an epoch, or half of less than two") {
  const auto warm_up = [](double epochs) {
    TrainOptions options = read_recipe("cifar10");
    REQUIRE(options.phases[0].epochs == 4);
    scale_epochs(options, epochs);
    CHECK(total_epochs(options) == Approx(epochs));
    CHECK(options.phases[0].ramp_epochs <= options.phases[0].epochs);
    return options.phases[0].epochs;
  };
  CHECK(warm_up(20) == Approx(2));
  CHECK(warm_up(6) == Approx(1));
  CHECK(warm_up(1) == Approx(0.5));
  // What has less by its recipe gets no more.
  TrainOptions brief = read_recipe("cifar10");
  brief.phases[0].epochs = 0.5;
  scale_epochs(brief, 6);
  CHECK(brief.phases[0].epochs == Approx(0.5));
}

TEST_CASE("every shipped recipe is whole") {
  for (const std::string& name : list_recipes()) {
    INFO(name);
    CHECK(total_epochs(read_recipe(name)) > 0);
  }
  CHECK(recipe_for_space("no such space") == "default");
}

TEST_CASE("errors of recipes name file, line and key") {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    return bad_input([&] { read(folder, text); });
  };
  CHECK(contains(refused("description = ''\n"), "[[phase]]"));
  CHECK(contains(refused("description = ''\nbatsh = 3\n" + std::string(kPhases)), "'batch'"));
  const auto phase = [&](const std::string& lines) {
    return refused("description = ''\n[[phase]]\nname = 'a'\nepochs = 1\n" + lines);
  };
  CHECK(contains(phase("subnets = ['medium']\n"), "'medium'"));
  CHECK(contains(phase("subnets = []\n"), "at least one"));
  CHECK(contains(phase("subnets = ['random']\nteacher = 'in-place'\n"), "largest"));
  CHECK(contains(phase("subnets = ['random']\nteacher = 'frozen'\n"), "phase before"));
  CHECK(contains(phase("subnets = ['random']\nelastic = { kernels = 'all' }\n"), "kernels"));
  CHECK(contains(phase("subnets = ['random']\nschedule = 'linear'\n"), "recipe.toml:6"));
  CHECK(contains(bad_input([] { read_recipe("defualt"); }), "default"));
}

}  // namespace
}  // namespace tinynas
