#include "chex_toml.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <sstream>
#include <toml.hpp>
#include <tuple>
#include <vector>

#include "scan.hpp"

struct chex_toml_document {
  // A deque never moves what it holds, so that nodes may point at each other and at texts.
  std::deque<chex_toml_node> nodes;
  std::deque<std::string> texts;
  std::deque<std::vector<const chex_toml_node *>> lists;
  const chex_toml_node *root = nullptr;
  std::string error;
  std::size_t errorLine = 0;
};

namespace {

/// Where values stand. toml11 copies the whole line to tell its number, which is slow where lines are long.
class line_index {
 public:
  explicit line_index(const std::string &text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') ends.push_back(at);
    }
  }

  std::size_t offset(const toml::value &value) const {
    const auto region = dynamic_cast<const toml::detail::region *>(toml::detail::get_region(value));
    return region ? static_cast<std::size_t>(region->first() - region->begin()) : 0;
  }

  std::size_t line(const toml::value &value) const {
    const auto end = std::lower_bound(ends.begin(), ends.end(), offset(value));
    return static_cast<std::size_t>(end - ends.begin()) + 1;
  }

 private:
  std::vector<std::size_t> ends;
};

/// What was written.
std::string written(const toml::value &value) {
  return toml::detail::get_region(value)->str();
}

/// toml11 saturates without a word; this refuses what 64 bits cannot hold.
std::int64_t checked_integer(const toml::value &value, std::size_t line) {
  std::string digits = written(value);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : digits[1] == 'b' ? 2 : 10;
  }
  const std::size_t prefix = base != 10 ? 2 : digits[0] == '+' ? 1 : 0;
  std::int64_t parsed = 0;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data() + prefix, end, parsed, base);
  if (result.ec != std::errc() || result.ptr != end) {
    throw toml_fault{"expected an integer that fits 64 bits, found " + written(value), line};
  }
  return parsed;
}

double checked_number(const toml::value &value, std::size_t line) {
  std::string digits = written(value);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  if (std::isinf(std::strtod(digits.c_str(), nullptr)) && digits.find("inf") == std::string::npos) {
    throw toml_fault{"expected a number that fits double precision, found " + written(value), line};
  }
  return value.as_floating(std::nothrow);
}

class tree_builder {
 public:
  tree_builder(chex_toml_document &document, const std::string &text) : document(document), places(text) {}

  const chex_toml_node *add(const toml::value &value, const std::string &key) {
    document.nodes.emplace_back();
    chex_toml_node &node = document.nodes.back();
    node.line = places.line(value);
    node.key = keep(key, node.keyLength);
    switch (value.type()) {
      case toml::value_t::integer:
        node.kind = chex_toml_integer;
        node.integer = checked_integer(value, node.line);
        break;
      case toml::value_t::floating:
        node.kind = chex_toml_number;
        node.number = checked_number(value, node.line);
        break;
      case toml::value_t::boolean:
        node.kind = chex_toml_boolean;
        node.boolean = value.as_boolean(std::nothrow);
        break;
      case toml::value_t::string:
        node.kind = chex_toml_text;
        node.text = keep(value.as_string(std::nothrow).str, node.textLength);
        break;
      case toml::value_t::array:
        add_items(value.as_array(std::nothrow), node);
        break;
      case toml::value_t::table:
        add_entries(value.as_table(std::nothrow), node);
        break;
      default:
        node.kind = chex_toml_other;
        node.text = keep(written(value), node.textLength);
    }
    return &node;
  }

 private:
  chex_toml_document &document;
  const line_index places;

  const char *keep(const std::string &text, std::size_t &length) {
    document.texts.push_back(text);
    length = text.size();
    return document.texts.back().data();
  }

  void add_items(const toml::array &items, chex_toml_node &node) {
    node.kind = chex_toml_list;
    std::vector<const chex_toml_node *> children;
    for (const auto &item : items) children.push_back(add(item, ""));
    set_children(std::move(children), node);
  }

  /// toml11 keeps no order of keys; their places in the file give it back.
  void add_entries(const toml::table &entries, chex_toml_node &node) {
    std::vector<std::tuple<std::size_t, std::string>> order;
    for (const auto &[key, value] : entries) order.emplace_back(places.offset(value), key);
    std::sort(order.begin(), order.end());
    node.kind = chex_toml_table;
    std::vector<const chex_toml_node *> children;
    for (const auto &[offset, key] : order) children.push_back(add(entries.at(key), key));
    set_children(std::move(children), node);
  }

  void set_children(std::vector<const chex_toml_node *> children, chex_toml_node &node) {
    document.lists.push_back(std::move(children));
    node.children = document.lists.back().data();
    node.childCount = document.lists.back().size();
  }
};

/// toml11 writes "[error] toml::function: message", an arrow with the file, and the line with an underline.
/// - Returns: its message, and the comments at the underlines, without C++ names and without the file.
toml_fault tidy(const std::string &report) {
  std::istringstream lines(report);
  std::string line, message;
  std::getline(lines, message);
  if (message.rfind("[error] ", 0) == 0) message.erase(0, 8);
  if (message.rfind("toml::", 0) == 0) {
    const auto end = message.find(": ", 6);
    message.erase(0, end == std::string::npos ? message.size() : end + 2);
  }
  if (!message.empty() && message.back() == '.') message.pop_back();
  std::size_t first = 0, current = 0;
  while (std::getline(lines, line)) {
    const auto start = line.find_first_not_of(' ');
    const auto bar = line.find(" | ");
    if (bar == std::string::npos || start == std::string::npos) continue;
    if (std::isdigit(static_cast<unsigned char>(line[start]))) {
      current = std::stoul(line.substr(start));
      if (first == 0) first = current;
    }
    const auto mark = line.find_first_not_of(' ', bar + 3);
    if (start != bar + 1 || mark == std::string::npos || (line[mark] != '^' && line[mark] != '~')) continue;
    const auto comment = line.find_first_not_of("^-~ ", mark);
    if (comment == std::string::npos) continue;
    const std::string place = current == first ? "" : "line " + std::to_string(current) + ": ";
    message += (message.empty() ? "" : current == first ? ": " : "; ") + place + line.substr(comment);
  }
  return {message, first};
}

void parse(chex_toml_document &document, const std::string &text, const char *name) {
  try {
    chex_toml_scan(text);
    std::istringstream stream(text, std::ios::binary);
    const toml::value value = toml::parse(stream, name);
    document.root = tree_builder(document, text).add(value, "");
  } catch (const toml_fault &fault) {
    document.error = fault.message;
    document.errorLine = fault.line;
  } catch (const toml::exception &exception) {
    const toml_fault fault = tidy(exception.what());
    document.error = fault.message;
    document.errorLine = fault.line;
  } catch (const std::exception &exception) {
    document.error = exception.what();
  } catch (...) {
    document.error = "the TOML parser failed for a reason that it does not state";
  }
  if (!document.root && document.error.empty()) document.error = "expected TOML, found something else";
}

/// - Throws: `toml_fault` where `path` cannot be read.
std::string contents(const char *path) {
  // A named pipe that nobody writes to would otherwise be waited for.
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) throw toml_fault{std::string("cannot open the file: ") + std::strerror(errno), 0};
  struct closer {
    int file;
    ~closer() { close(file); }
  } closer{file};
  struct stat status = {};
  if (fstat(file, &status) != 0) throw toml_fault{std::string("cannot look at the file: ") + std::strerror(errno), 0};
  if (S_ISDIR(status.st_mode)) throw toml_fault{"expected a file, found a folder", 0};
  std::string text;
  char block[16384];
  while (true) {
    const ssize_t count = read(file, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pollfd waiting = {file, POLLIN, 0};
      poll(&waiting, 1, -1);
      continue;
    }
    if (count == 0 && text.empty() && S_ISFIFO(status.st_mode))
      throw toml_fault{"expected a file, found a pipe that nobody writes to", 0};
    if (count < 0) throw toml_fault{std::string("cannot read the file: ") + std::strerror(errno), 0};
    if (count == 0) return text;
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > CHEX_TOML_LARGEST_FILE) return text;
  }
}

template <typename Work>
chex_toml_document *guarded(Work work) {
  try {
    auto document = std::make_unique<chex_toml_document>();
    try {
      work(*document);
    } catch (const toml_fault &fault) {
      document->root = nullptr;
      document->error = fault.message;
      document->errorLine = fault.line;
    }
    return document.release();
  } catch (...) {
    return nullptr;
  }
}

void parse_checked(chex_toml_document &document, const std::string &text, const char *name) {
  if (text.size() > CHEX_TOML_LARGEST_FILE) {
    throw toml_fault{
        "expected at most " + std::to_string(CHEX_TOML_LARGEST_FILE / 1024) + " KiB of TOML, found more", 0};
  }
  parse(document, text, name);
}

}  // namespace

chex_toml_document *chex_toml_parse_file(const char *path) {
  return guarded([&](chex_toml_document &document) { parse_checked(document, contents(path), path); });
}

chex_toml_document *chex_toml_parse_text(const char *text, size_t length, const char *name) {
  return guarded([&](chex_toml_document &document) { parse_checked(document, std::string(text, length), name); });
}

const chex_toml_node *chex_toml_root(const chex_toml_document *document) { return document->root; }

const char *chex_toml_error(const chex_toml_document *document) { return document->error.c_str(); }

size_t chex_toml_error_line(const chex_toml_document *document) { return document->errorLine; }

void chex_toml_free(chex_toml_document *document) { delete document; }
