#include "scan.hpp"

#include <algorithm>

#include "chex_toml.h"

namespace {

/// Bytes of the UTF-8 sequence at `at`, or 0 where there is none.
std::size_t sequence_length(const std::string &text, std::size_t at) {
  const auto byte = [&](std::size_t offset) -> unsigned {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0;
  };
  const auto follows = [&](std::size_t offset) { return (byte(offset) & 0xC0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool tooLarge = first == 0xF4 && second >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !tooLarge ? 4 : 0;
  }
  return 0;
}

void scan_bytes(const std::string &text) {
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\0') throw toml_fault{"expected text, found a zero byte; is this a TOML file?", line};
    const std::size_t length = sequence_length(text, at);
    if (length == 0) throw toml_fault{"expected text in UTF-8, found other bytes; save the file as UTF-8", line};
    if (text[at] == '\n') line += 1;
    at += length;
  }
}

/// Walks over everything that is not within a string or a comment.
class nesting_scan {
 public:
  explicit nesting_scan(const std::string &text) : text(text) {}

  void run() {
    while (at < text.size()) {
      const char letter = text[at];
      if (letter == '"' || letter == '\'') {
        skip_string(letter);
        continue;
      }
      if (letter == '#') {
        at = std::min(text.find('\n', at), text.size());
        continue;
      }
      if (letter == '\n') line += 1;
      count(letter);
      at += 1;
    }
  }

 private:
  const std::string &text;
  std::size_t at = 0, line = 1, dots = 0, brackets = 0;

  void count(char letter) {
    if (letter == '[' || letter == '{') brackets += 1;
    if ((letter == ']' || letter == '}') && brackets > 0) brackets -= 1;
    if (letter == '.') dots += 1;
    if (letter == '\n' || letter == '=' || letter == ',' || letter == '{') dots = 0;
    if (brackets > CHEX_TOML_DEEPEST || dots > CHEX_TOML_DEEPEST) {
      throw toml_fault{
          "expected at most " + std::to_string(CHEX_TOML_DEEPEST) + " levels within each other, found more; flatten it",
          line};
    }
  }

  /// Past the string that starts here; an unfinished one ends with its line and is toml11's to refuse.
  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool spansLines = text.compare(at, 3, triple) == 0;
    at += spansLines ? 3 : 1;
    while (at < text.size()) {
      if (text[at] == '\\' && quote == '"' && at + 1 < text.size() && text[at + 1] != '\n') {
        at += 2;
      } else if (spansLines ? text.compare(at, 3, triple) == 0 : text[at] == quote) {
        at += spansLines ? 3 : 1;
        // Up to two quotes more belong to the text of a string over several lines.
        while (spansLines && at < text.size() && text[at] == quote) at += 1;
        return;
      } else {
        if (text[at] == '\n' && !spansLines) return;
        if (text[at] == '\n') line += 1;
        at += 1;
      }
    }
  }
};

}  // namespace

void chex_toml_scan(const std::string &text) {
  scan_bytes(text);
  nesting_scan(text).run();
}
