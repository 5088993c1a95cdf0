// Every part of the reference table against its board file.

#include <filesystem>
#include <set>

#include "base/json_io.h"
#include "catch.h"
#include "tinynas/mcu.h"

using namespace tinynas;

namespace {

constexpr std::int64_t kKiB = 1024;

/// The table's part as one types it: "nRF5340 (app core)" -> "nrf5340", "i.MX RT1062" ->
/// "imxrt1062".
std::string typed_name(const std::string& part) {
  std::string name;
  for (const char c : part.substr(0, part.find(" ("))) {
    if (c != ' ' && c != '.')
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

/// Parts whose total in the table is counted otherwise: with ITCM (H743, H747, H7A3, RA8D1), with
/// all memories of the part (ESP32-S3: instruction SRAM and cache), or rounded (Apollo4, N657).
const std::set<std::string> kOtherTotals{"stm32h743", "stm32h747", "stm32h7a3", "ra8d1",
                                         "esp32-s3",  "apollo4",   "stm32n657"};

}  // namespace

TEST_CASE("board files agree with the reference table") {
  const std::string path = std::string(TINYNAS_SHARED_DIR) + "/reference/mcus.json";
  if (!std::filesystem::exists(path)) {
    WARN(path << " is not here: skipped");
    return;
  }
  const Json table = read_json_file(path);
  REQUIRE(table["mcus"].size() >= 34);
  for (const Json& entry : table["mcus"]) {
    const std::string part = entry["part"];
    INFO(part);
    const Mcu mcu = find_mcu(typed_name(part));
    CHECK(mcu.name == typed_name(part));
    CHECK(mcu.part == part);
    CHECK(mcu.core == entry["core"].get<std::string>());
    CHECK(mcu.clock_hz == entry["mhz"].get<std::int64_t>() * 1'000'000);
    CHECK(mcu.dsp == entry["dsp"].get<bool>());
    CHECK(mcu.mve == entry["mve"].get<bool>());
    CHECK(mcu.fpu == (entry["fpu"].is_null() ? "None" : entry["fpu"].get<std::string>()));
    CHECK(largest_contiguous_bytes(mcu) ==
          entry["largest_contiguous_kb"].get<std::int64_t>() * kKiB);
    CHECK(mcu.flash_internal == entry["flash_internal"].get<bool>());
    if (mcu.flash_internal) CHECK(mcu.flash_bytes == entry["flash_kb"].get<std::int64_t>() * kKiB);
    const bool same_total = total_sram_bytes(mcu) == entry["sram_kb"].get<std::int64_t>() * kKiB;
    CHECK(same_total == (kOtherTotals.count(mcu.name) == 0));
  }
}
