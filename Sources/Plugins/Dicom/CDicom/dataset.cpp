#include "dataset.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "inflate.hpp"
#include "walk.hpp"

namespace chex {

namespace {

bool is_padding(char letter) {
  return letter == ' ' || letter == 0 || letter == '\n' || letter == '\r' || letter == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  return text;
}

/// Items of a sequence that are looked at.
constexpr size_t MOST_ITEMS = 64;

/// The text at `index` of several that are parted by backslashes; empty behind the last.
std::string_view part(std::string_view text, size_t index) {
  for (; index > 0; index--) {
    size_t bar = text.find('\\');
    if (bar == std::string_view::npos) return {};
    text.remove_prefix(bar + 1);
  }
  return trimmed(text.substr(0, text.find('\\')));
}

}  // namespace

const Element *DataSet::find(uint32_t tag) const {
  for (const Element &element : elements) {
    if (element.tag == tag) return &element;
  }
  return nullptr;
}

std::string_view DataSet::text(uint32_t tag) const {
  const Element *element = find(tag);
  if (!element || !element->value.size) return {};
  return part({reinterpret_cast<const char *>(element->value.bytes), element->value.size}, 0);
}

bool DataSet::short_number(uint32_t tag, size_t index, bool is_signed, int32_t &number) const {
  const Element *element = find(tag);
  if (!element || element->value.size < 2 * (index + 1)) return false;
  const uint8_t *at = element->value.bytes + 2 * index;
  uint16_t bits = encoding.big_endian ? uint16_t(at[0] << 8 | at[1]) : uint16_t(at[1] << 8 | at[0]);
  number = is_signed ? int32_t(int16_t(bits)) : int32_t(bits);
  return true;
}

bool DataSet::decimal(uint32_t tag, size_t index, double &number) const {
  const Element *element = find(tag);
  if (!element || !element->value.size) return false;
  std::string_view all{reinterpret_cast<const char *>(element->value.bytes), element->value.size};
  std::string digits(part(all, index));
  if (digits.empty()) return false;
  if (digits.front() == '+') digits.erase(0, 1);
  // Some systems write numbers by their country's custom.
  std::replace(digits.begin(), digits.end(), ',', '.');
  double found = 0;
  const char *last = digits.data() + digits.size();
  auto [end, error] = std::from_chars(digits.data(), last, found);
  if (error != std::errc() || end != last || !std::isfinite(found) || std::fabs(found) > 1e12) return false;
  number = found;
  return true;
}

size_t DataSet::text_count(uint32_t tag) const {
  const Element *element = find(tag);
  if (!element || !element->value.size) return 0;
  const uint8_t *bytes = element->value.bytes;
  return 1 + size_t(std::count(bytes, bytes + element->value.size, uint8_t('\\')));
}

std::vector<DataSet> DataSet::items(uint32_t tag) const {
  std::vector<DataSet> items;
  const Element *element = find(tag);
  if (!element || !element->value.size) return items;
  Encoding inner = element->vr[0] == 'U' ? Encoding{false, false} : encoding;
  Walker walker(element->value, inner);
  try {
    for (DataSet item; items.size() < MOST_ITEMS && walker.read_item(item); item = DataSet()) {
      items.push_back(item);
    }
  } catch (const Failure &) {
  }
  return items;
}

namespace {

/// Whether the data begin with an element that gives its value representation. Where it gives none, a length
/// stands there, and the first elements of a data set are short.
bool looks_explicit(Span bytes) {
  auto is_letter = [](uint8_t byte) { return byte >= 'A' && byte <= 'Z'; };
  return bytes.size >= 8 && is_letter(bytes.bytes[4]) && is_letter(bytes.bytes[5]);
}

/// Reads group 0002, which is little-endian and should be explicit; says where it ends. Its announced length is
/// not looked at: anonymisers leave it as it was or leave it out, and the next group shows where this one ends.
size_t read_meta(Span bytes, size_t start, std::string &transfer_syntax) {
  Span rest{bytes.bytes + start, bytes.size - start};
  bool is_explicit = looks_explicit(rest);
  Walker walker(rest, Encoding{is_explicit, false});
  DataSet meta;
  uint32_t tag = 0;
  while (walker.peek(tag) && tag >> 16 == 0x0002) {
    // Deflated data may begin with the bytes of group 0002, but hardly with a value representation behind them.
    const uint8_t *at = rest.bytes + walker.place();
    if (is_explicit && rest.size - walker.place() >= 8 && !is_representation(at + 4)) break;
    meta.elements.push_back(walker.next(false, 0));
  }
  if (meta.elements.empty()) fail(CHEX_DICOM_TRUNCATED, "the file ends before its meta information");
  transfer_syntax = std::string(meta.text(0x00020010));
  return start + walker.place();
}

/// The transfer syntax of a data set without meta information, by how its first element is written.
std::string guess_syntax(Span bytes) {
  if (bytes.size < 8) fail(CHEX_DICOM_TRUNCATED, "the file ends before its data set");
  bool starts_well = bytes.bytes[0] == 0x08 && bytes.bytes[1] == 0;
  if (!starts_well) fail(CHEX_DICOM_DAMAGED, "it does not begin as DICOM does");
  return looks_explicit(bytes) ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2";
}

void read_deflated(Span rest, bool with_pixels, DicomFile &file) {
  // A header needs only the beginning, whose length is not known beforehand.
  size_t most = with_pixels ? MOST_INFLATED : size_t(1) << 20;
  for (;;) {
    bool complete = inflate_bytes(rest, most, file.inflated);
    if (with_pixels && !complete)
      fail(CHEX_DICOM_MEMORY, "it inflates to more than %zu bytes", MOST_INFLATED);
    file.data.elements.clear();
    try {
      Walker({file.inflated.data(), file.inflated.size()}, Encoding{true, false})
          .read(file.data, with_pixels);
      return;
    } catch (const Failure &failure) {
      if (complete || most >= MOST_INFLATED || failure.status != CHEX_DICOM_TRUNCATED) throw;
      most *= 8;
    }
  }
}

}  // namespace

void read_file(Span bytes, bool with_pixels, DicomFile &file) {
  if (bytes.size == 0) fail(CHEX_DICOM_TRUNCATED, "the file is empty");
  size_t start = 0;
  bool has_preamble = bytes.size >= 132 && memcmp(bytes.bytes + 128, "DICM", 4) == 0;
  bool has_meta = has_preamble || (bytes.size >= 8 && memcmp(bytes.bytes, "\x02\0", 2) == 0);
  if (has_meta) {
    start = read_meta(bytes, has_preamble ? 132 : 0, file.transfer_syntax);
  }
  bool is_guessed = file.transfer_syntax.empty();
  if (is_guessed) file.transfer_syntax = guess_syntax({bytes.bytes + start, bytes.size - start});
  Span rest{bytes.bytes + start, bytes.size - start};
  if (file.transfer_syntax == "1.2.840.10008.1.2.1.99") {
    read_deflated(rest, with_pixels, file);
    return;
  }
  Encoding encoding;
  encoding.big_endian = file.transfer_syntax == "1.2.840.10008.1.2.2";
  // The first element shows how it is written, whatever the transfer syntax says.
  encoding.explicit_vr = encoding.big_endian || looks_explicit(rest);
  Walker(rest, encoding).read(file.data, with_pixels);
  const Element *pixels = file.data.find(PIXEL_DATA);
  if (is_guessed && has_meta && pixels && pixels->encapsulated)
    fail(CHEX_DICOM_DAMAGED, "its pixel data are compressed and no transfer syntax says how");
}

}  // namespace chex
