#include "base/child_process.h"

#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "tinynas/error.h"

using namespace tinynas;
using std::chrono::seconds;

TEST_CASE("a child's output, exit code and folder") {
  const WorkFolder folder;
  const ChildResult result = run_child({"sh", "-c", "echo out; echo err >&2; pwd > where; exit 7"},
                                       folder.path(), seconds(20), {});
  CHECK(result.exit_code == 7);
  CHECK_FALSE(result.timed_out);
  CHECK(result.output == "out\nerr\n");
  CHECK(read_file(folder.path() + "/where") == folder.path() + "\n");
  CHECK(run_child({"sh", "-c", "kill -9 $$"}, folder.path(), seconds(20), {}).exit_code == 137);
  // Arguments are no shell's: nothing in them is expanded.
  CHECK(run_child({"printf", "%s", "$HOME *"}, folder.path(), seconds(20), {}).output == "$HOME *");
}

TEST_CASE("a child is killed at its limit and when it is to stop") {
  const WorkFolder folder;
  const ChildResult late = run_child({"sleep", "60"}, folder.path(), seconds(0), {});
  CHECK(late.timed_out);
  CHECK(late.exit_code == 137);
  int asked = 0;
  const auto stop = [&asked] { return ++asked > 3; };
  CHECK_THROWS_AS(run_child({"sleep", "60"}, folder.path(), seconds(60), stop), Interrupted);
}

TEST_CASE("a program that is not there") {
  const WorkFolder folder;
  CHECK_FALSE(has_program("no-such-program-anywhere"));
  CHECK(has_program("sh"));
  CHECK_THROWS_AS(run_child({"no-such-program-anywhere"}, folder.path(), seconds(1), {}), BadInput);
}

TEST_CASE("a work folder is gone with all that it holds") {
  std::string path;
  {
    const WorkFolder folder;
    path = folder.path();
    write_file_atomic(path + "/file", "content");
    std::filesystem::create_directory(path + "/inner");
    CHECK(std::filesystem::exists(path + "/file"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}
