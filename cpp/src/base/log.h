#pragma once
// Log lines on stderr. spdlog stays behind this header (Debian's fmt and torch's must not meet).

#include <string>

namespace tinynas {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
/// Lines below `level` are dropped; default kInfo.
void set_log_level(LogLevel level);
void log_message(LogLevel level, const std::string& message);
inline void log_debug(const std::string& message) { log_message(LogLevel::kDebug, message); }
inline void log_info(const std::string& message) { log_message(LogLevel::kInfo, message); }
inline void log_warning(const std::string& message) { log_message(LogLevel::kWarning, message); }

}  // namespace tinynas
