#pragma once
// Byte counts as people write and read them. KiB is 1,024 bytes, MiB 1,048,576; there is no "kB".

#include <cstdint>
#include <string>
#include <string_view>

namespace tinynas {

/// Parses "327680", "320KiB", "1.5 MiB", "64B" (also K, M, KB, MB, all binary, any case) into
/// bytes. `what` names the flag or field in the error. Throws BadInput on anything else, on a
/// negative number, and on a fraction of a byte.
std::int64_t parse_bytes(std::string_view text, std::string_view what);

/// Prints with one decimal for people: "320.0 KiB", "1.0 MiB" from 1 MiB on, "28 B" below 1 KiB.
std::string format_bytes(std::int64_t bytes);

/// Parses a count such as "12500000", "12.5M" or "800k" (decimal: thousand, million). Throws
/// BadInput, naming `what`, on anything else, on less than 1 and on a fraction of one.
std::int64_t parse_count(std::string_view text, std::string_view what);

/// Integer with thousands separators: 93992 -> "93,992".
std::string format_count(std::int64_t value);

}  // namespace tinynas
