#pragma once
#include <cstddef>
#include <string>

/// What toml11 does not refuse by itself, or dies of, with the line where it stands.
struct toml_fault {
  std::string message;
  std::size_t line;
};

/// Looks for bytes that are no UTF-8, and for nesting that would exhaust toml11's recursion.
/// - Throws: `toml_fault`.
void chex_toml_scan(const std::string &text);
