#pragma once
// A look at a TOML text before toml++ reads it.

#include <string>
#include <string_view>

namespace tinynas {

/// Throws BadInput for a dotted key of more than 16 parts: toml++ 3.3 takes down the tables that it
/// stands for recursively, so that a long one overflows the stack.
void check_toml_keys(std::string_view text, const std::string& source);

}  // namespace tinynas
