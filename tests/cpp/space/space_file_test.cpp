// What is wrong with a space file is said with file, line and key.

#include <cstring>

#include "catch.h"
#include "errors.h"
#include "random_space.h"
#include "temporary_folder.h"

namespace tinynas {
namespace {

using testing::contains;

constexpr const char* kGood = R"(name = "mine"
image_channels = 3
classes = 10
resolutions = [32, 48]
width = [0.5, 1.0]
[stem]
channels = 16
kernel = 3
stride = 2
[[stage]]
channels = 24
stride = 2
depth = [1, 2]
kernel = [3, 5]
expand = [3, 6]
[head]
channels = 64
width = [0, 1.0]
)";

/// The message for kGood with `from` replaced by `to`.
std::string message(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return testing::bad_input([&] { SearchSpace::parse(text, "mine.toml"); });
}

TEST_CASE("a good space file has the genes that it names, in order") {
  const SearchSpace space = SearchSpace::parse(kGood, "mine.toml");
  std::vector<std::string> names;
  for (const Gene& gene : space.genes()) names.push_back(gene.name);
  CHECK(names == std::vector<std::string>{"resolution", "width", "stage0.depth",
                                          "stage0.block0.kernel", "stage0.block0.expand",
                                          "stage0.block1.kernel", "stage0.block1.expand",
                                          "head.width"});
  CHECK(space.print(space.smallest()) ==
        "resolution=32 width=0.5 stage0.depth=1 stage0.block0.kernel=3 stage0.block0.expand=3 "
        "head.width=0");
  CHECK(describe(space.decode(space.largest())) ==
        "r48 | stem 16 | s0 k5 e6 c24, k5 e6 c24 | head 64");
}

TEST_CASE("errors of a space file name file, line and key") {
  struct Case {
    const char *from, *to, *expected;
  };
  const std::vector<Case> cases{
      {"resolutions = [32, 48]", "resolutions = [48, 32]",
       "mine.toml:4: resolutions: must ascend, but 32 follows 48"},
      {"resolutions = [32, 48]", "resolutions = [32, 32]",
       "mine.toml:4: resolutions: must ascend, but 32 follows 32"},
      {"resolutions = [32, 48]", "resolutions = [32, 40.5]",
       "mine.toml:4: resolutions: 40.5 is not a whole number"},
      {"resolutions = [32, 48]", "resolutions = []", "mine.toml:4: resolutions: must not be empty"},
      {"resolutions = [32, 48]", "resolution = [32, 48]", "resolutions: is missing"},
      {"resolutions = [32, 48]", "resolutions = [32, 4096]", "mine.toml:4: resolutions: must lie"},
      {"image_channels = 3", "image_channels = 2", "mine.toml:2: image_channels: must be 1 or 3"},
      {"image_channels = 3", "image_channels = 4", "mine.toml:2: image_channels: must lie between"},
      {"classes = 10", "classes = 1", "mine.toml:3: classes: must lie between 2 and 100000"},
      {"classes = 10", "clases = 10", "classes: is missing"},
      {"name = \"mine\"", "name = \"My Space\"", "mine.toml:1: name: must be lower-case letters"},
      {"classes = 10", "classes = 10\nchannel_devisor = 8",
       "mine.toml:4: channel_devisor: is not a known key (did you mean 'channel_divisor'?)"},
      {"width = [0.5, 1.0]", "width = [0, 1.0]", "mine.toml:5: width: must lie between"},
      {"stride = 2\n[[", "stride = 3\n[[", "mine.toml:9: stem.stride: must lie between 1 and 2"},
      {"kernel = 3", "kernel = [3, 5]", "mine.toml:8: stem.kernel: must be one number"},
      {"[stem]", "[stern]", "stem: is missing"},
      {"kernel = [3, 5]", "kernel = [3, 4]", "mine.toml:14: stage[0].kernel: kernel 4 is even"},
      {"kernel = [3, 5]", "kernel = [3, 9]", "mine.toml:14: stage[0].kernel: must lie between"},
      {"kernel = [3, 5]", "kernel = \"3\"", "mine.toml:14: stage[0].kernel: must be a number"},
      {"depth = [1, 2]", "depth = [0, 2]", "mine.toml:13: stage[0].depth: must lie between 1"},
      {"depth = [1, 2]", "depth = [1.5]", "mine.toml:13: stage[0].depth: 1.5 is not a whole"},
      {"depth = [1, 2]\n", "", "stage[0].depth: is missing"},
      {"expand = [3, 6]", "expand = [1, 6]",
       "mine.toml:15: stage[0].expand: 1 (no expand convolution) cannot be mixed"},
      {"expand = [3, 6]", "expand = [0.5]", "mine.toml:15: stage[0].expand: must lie between"},
      {"expand = [3, 6]", "[[stage.block]]\nkernel = 3\nexpand = 6",
       "mine.toml:14: stage[0].kernel: cannot stand beside [[stage.block]]"},
      {"kernel = [3, 5]\nexpand = [3, 6]", "[[stage.block]]\nkernel = 3\nexpand = 6",
       "stage[0].block: has 1 tables, but the depth is up to 2"},
      {"kernel = [3, 5]\nexpand = [3, 6]",
       "[[stage.block]]\nkernel = 3\nexpand = 6\n[[stage.block]]\nkernel = 3\nexpnd = 6",
       "mine.toml:17: stage[0].block[1].expand: is missing"},
      {"channels = 24", "channels = 0", "mine.toml:11: stage[0].channels: must lie between 1"},
      {"[[stage]]", "[stage]", "mine.toml:10: stage: must be a list of tables: write [[stage]]"},
      {"channels = 64", "channels = 16",
       "mine.toml:17: head.channels: an optional head needs at least the 24 channels of the last "
       "stage, but has 16"},
      {"width = [0, 1.0]", "width = [0]", "mine.toml:18: head.width: 0 alone means no head"},
      {"[head]", "[head]\nkernel = 3", "mine.toml:17: head.kernel: is not a known key"},
      {"classes = 10", "classes = ", "mine.toml:3:"},
  };
  for (const Case& c : cases) {
    INFO(c.from << " -> " << c.to);
    const std::string text = message(c.from, c.to);
    CHECK(contains(text, c.expected));
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.starts_with("mine.toml:"));
  }
  std::string many = "resolutions = [4";
  for (int i = 5; i < 260; ++i) many += ", " + std::to_string(i);
  CHECK(contains(message("resolutions = [32, 48]", many + "]"),
                 "mine.toml:4: resolutions: has 256 choices; at most 255"));
}

TEST_CASE("a global width that no part follows is refused") {
  const std::string text = R"(name = "mine"
image_channels = 3
classes = 10
resolutions = 32
width = [0.5, 1.0]
[stem]
channels = 16
width = 1
kernel = 3
stride = 2
[[stage]]
channels = 24
width = [0.5, 1.0]
stride = 2
depth = 1
kernel = 3
expand = 6
)";
  CHECK(contains(testing::bad_input([&] { SearchSpace::parse(text, "mine.toml"); }),
                 "mine.toml:5: width: has no effect"));
}

TEST_CASE("a space survives its own TOML, and its hash sees what matters") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, 8);
    const SearchSpace space = SearchSpace::parse(testing::random_space_toml(rng), "random.toml");
    const SearchSpace again = SearchSpace::parse(space.toml_text(), "again.toml");
    REQUIRE(again.toml_text() == space.toml_text());
    REQUIRE(again.hash() == space.hash());
    REQUIRE(again.decode(again.largest()) == space.decode(space.largest()));
  }
  const SearchSpace space = SearchSpace::parse(kGood, "mine.toml");
  const auto hash_with = [](const std::string& from, const std::string& to) {
    std::string text = kGood;
    text.replace(text.find(from), from.size(), to);
    return SearchSpace::parse(text, "other.toml").hash();
  };
  CHECK(hash_with("name = \"mine\"",
                  "# a comment\nname = 'yours'\ndescription = \"a\\\"b\\u0007\"") == space.hash());
  CHECK(hash_with("[0.5, 1.0]", "[ 0.50,1 ]") == space.hash());
  CHECK(hash_with("classes = 10", "classes = 11") != space.hash());
  CHECK(hash_with("depth = [1, 2]", "depth = [1, 3]") != space.hash());
  CHECK(hash_with("width = [0, 1.0]", "width = [0.5, 1.0]") != space.hash());
  const SearchSpace odd = SearchSpace::parse(
      "description = \"a\\\"b\\\\c\\td\\u007F \\u00e9\"\n" + std::string(kGood), "odd.toml");
  CHECK(odd.description() == "a\"b\\c\td\x7f \xc3\xa9");
  CHECK(SearchSpace::parse(odd.toml_text(), "odd.toml").description() == odd.description());
}

TEST_CASE("channels are made divisible as MobileNetV2 does") {
  CHECK(make_divisible(32 * 0.35, 8) == 16);  // 11.2: 8 would be below 90 %
  CHECK(make_divisible(24 * 0.35, 8) == 8);
  CHECK(make_divisible(160 * 0.3, 8) == 48);
  CHECK(make_divisible(96 * 0.6, 8) == 56);
  CHECK(make_divisible(44, 8) == 48);           // halves go up
  CHECK(make_divisible(200 * 0.58, 8) == 120);  // 116, although the product is an ulp less
  CHECK(make_divisible(0.2, 8) == 8);
  CHECK(make_divisible(17, 1) == 17);
  for (int divisor : {1, 2, 4, 8, 16}) {
    int before = 0;
    for (int i = 1; i < 4000; ++i) {
      const double value = i * 0.07;
      const int channels = make_divisible(value, divisor);
      REQUIRE(channels % divisor == 0);
      REQUIRE(channels >= before);
      REQUIRE(channels >= 0.9 * value);
      REQUIRE(channels < value + divisor + 1e-6);
      before = channels;
    }
  }
}

TEST_CASE("shipped spaces are found by name, others by path") {
  const std::vector<std::string> names = SearchSpace::list_names();
  for (const char* name :
       {"fashion-mnist", "mcunet", "mobilenetv2", "proxyless", "spoken-digits", "toy"}) {
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
  for (const std::string& name : names) {
    INFO(name);
    const SearchSpace space = SearchSpace::find(name);
    CHECK(space.name() == name);
    CHECK(!space.description().empty());
    for (const Genotype& genotype : {space.smallest(), space.largest()}) {
      validate(lower(space.decode(genotype)), name);
    }
  }
  CHECK(contains(testing::bad_input([] { SearchSpace::find("fasion-mnist"); }),
                 "no search space is called 'fasion-mnist' (did you mean 'fashion-mnist'?)"));
  const testing::TemporaryFolder folder;
  CHECK(SearchSpace::find(folder.write("my.toml", kGood)).name() == "mine");
  CHECK(contains(testing::bad_input([&] { SearchSpace::find(folder.file("none.toml")); }),
                 "none.toml"));
}

}  // namespace
}  // namespace tinynas
