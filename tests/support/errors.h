#pragma once
// What a call throws, as text, so that a test can look at the message.

#include <string>

#include "tinynas/error.h"

namespace tinynas::testing {

/// The message of the BadInput that `call` throws; "no error" when it returns.
template <typename Call>
std::string bad_input(Call call) {
  try {
    call();
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tinynas::testing
