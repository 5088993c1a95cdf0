#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

using testing::contains;

TEST_CASE("subnet files give back the genotype") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("subnet.json");
  for (const char* name : {"toy", "fashion-mnist", "mcunet", "proxyless"}) {
    const SearchSpace space = SearchSpace::find(name);
    Rng rng(1);
    for (int i = 0; i < 30; ++i) {
      const Genotype genotype = space.sample(rng);
      write_subnet_file(space, genotype, path);
      REQUIRE(read_subnet_file(space, path) == genotype);
      REQUIRE(read_json_file(path)["id"] == space.id(genotype));
    }
    CHECK(find_space_of_subnet(path).hash() == space.hash());
  }
}

TEST_CASE("a subnet of another number of classes finds its space") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("subnet.json");
  const SearchSpace two = SearchSpace::find("mcunet").with_classes(2);
  write_subnet_file(two, two.largest(), path);
  CHECK(find_space_of_subnet(path).hash() == two.hash());
  const std::string message =
      testing::bad_input([&] { read_subnet_file(SearchSpace::find("mcunet"), path); });
  CHECK(contains(message, "subnet.json: field 'space_hash' is " + two.hash()));
  CHECK(contains(message, "2 classes"));
}

TEST_CASE("genes of absent blocks may be missing or anything in their list") {
  const testing::TemporaryFolder folder;
  const SearchSpace space = SearchSpace::find("toy");
  const std::string path = folder.file("subnet.json");
  write_subnet_file(space, space.smallest(), path);
  Json document = read_json_file(path);
  CHECK(!document["genes"].contains("stage1.block1.kernel"));
  document["genes"]["stage1.block1.kernel"] = 5;
  write_json_file(document, path);
  CHECK(read_subnet_file(space, path) == space.smallest());
}

TEST_CASE("a wrong subnet file is refused with file and field") {
  const testing::TemporaryFolder folder;
  const SearchSpace space = SearchSpace::find("toy");
  const std::string path = folder.file("subnet.json");
  const auto message = [&](const std::function<void(Json&)>& change) {
    write_subnet_file(space, space.largest(), path);
    Json document = read_json_file(path);
    change(document);
    write_json_file(document, path);
    return testing::bad_input([&] { read_subnet_file(space, path); });
  };
  CHECK(message([](Json&) {}) == "no error");
  CHECK(contains(message([](Json& d) { d["genes"]["resolution"] = 21; }),
                 path + ": field 'genes.resolution' is 21, choices are 20, 28"));
  CHECK(contains(message([](Json& d) { d["genes"]["resolution"] = "20"; }), "must be a number"));
  CHECK(contains(message([](Json& d) { d["genes"].erase("stage1.block1.kernel"); }),
                 "field 'genes.stage1.block1.kernel' is missing"));
  CHECK(contains(message([](Json& d) { d["genes"]["stage1.block1.kernle"] = 3; }),
                 "did you mean 'stage1.block1.kernel'?"));
  CHECK(contains(message([](Json& d) { d["genes"] = 3; }), "field 'genes' must be an object"));
  CHECK(contains(message([](Json& d) { d["space_hash"] = "0123456789abcdef"; }), "space_hash"));
  CHECK(contains(message([](Json& d) { d["format"] = "other"; }), "field 'format'"));
  CHECK(contains(message([](Json& d) { d["format_version"] = 2; }), "format_version"));
  CHECK(contains(message([](Json& d) { d = Json::array(); }), "not a subnet file"));
  CHECK(contains(testing::bad_input(
                     [&] { read_subnet_file(space, folder.write("bad.json", "{\"format\": ")); }),
                 "bad.json:1:"));
  write_subnet_file(space, space.largest(), path);
  Json document = read_json_file(path);
  document["space"] = "elsewhere";
  write_json_file(document, path);
  CHECK(contains(testing::bad_input([&] { find_space_of_subnet(path); }),
                 "no shipped space is called 'elsewhere'; name its file with --space"));
}

}  // namespace
}  // namespace tinynas
