#include "supernet/event_log.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>

#include "tinynas/error.h"

namespace tinynas {
namespace {

template <typename T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

/// The wire format of protocol buffers: a key, then the value.
enum class Wire : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string key(std::uint32_t field, Wire wire) {
  return varint(field << 3 | static_cast<std::uint32_t>(wire));
}
std::string bytes_field(std::uint32_t field, const std::string& bytes) {
  return key(field, Wire::kBytes) + varint(bytes.size()) + bytes;
}
std::string varint_field(std::uint32_t field, std::int64_t value) {
  return key(field, Wire::kVarint) + varint(static_cast<std::uint64_t>(value));
}
std::string double_field(std::uint32_t field, double value) {
  return key(field, Wire::kFixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(std::uint32_t field, float value) {
  return key(field, Wire::kFixed32) + little_endian(std::bit_cast<std::uint32_t>(value));
}

// Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7. Summary: value 1 of
// {tag 1, simple_value 2}. SessionLog: status 1.
std::string event(std::int64_t step, const std::string& what) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return double_field(1, now.count()) + varint_field(2, step) + what;
}

std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xA282EAD8u; }

/// Readers take a folder's files in the order of their names.
std::string file_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {'h'};
  char head[64];
  std::snprintf(head, sizeof head, "events.out.tfevents.%010lld.%06lld.",
                static_cast<long long>(micros / 1000000), static_cast<long long>(micros % 1000000));
  return head + std::string(host.data());
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char letter : bytes) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82F63B78u & (0u - (crc & 1)));
  }
  return ~crc;
}

EventLog::EventLog(const std::string& directory, std::int64_t step)
    : path_(directory + "/" + file_name()), file_(path_, std::ios::binary) {
  constexpr std::int64_t kStart = 1;
  write_record(event(0, bytes_field(3, "brain.Event:2")));
  write_record(event(step + 1, bytes_field(7, varint_field(1, kStart))));
}

void EventLog::add(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string values;
  for (const auto& [name, value] : scalars) {
    values += bytes_field(1, bytes_field(1, name) + float_field(2, static_cast<float>(value)));
  }
  write_record(event(step, bytes_field(5, values)));
}

void EventLog::write_record(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  file_ << length << little_endian(masked(crc32c(length))) << event
        << little_endian(masked(crc32c(event))) << std::flush;
  if (!file_) throw BadInput(path_ + ": cannot be written; is the disk full?");
}

}  // namespace tinynas
