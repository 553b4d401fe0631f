#include "dataset.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "inflate.hpp"
#include "walk.hpp"

namespace chex {

namespace {

bool is_padding(char letter) { return letter == ' ' || letter == 0 || letter == '\n' || letter == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  return text;
}

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
  std::string_view digits = part(all, index);
  if (digits.empty()) return false;
  if (digits.front() == '+') digits.remove_prefix(1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(number) ||
      std::fabs(number) > 1e12) {
    fail(CHEX_DICOM_DAMAGED, "element (%04x,%04x) is no number", tag >> 16, tag & 0xFFFF);
  }
  return true;
}

bool DataSet::first_item(uint32_t tag, DataSet &item) const {
  const Element *element = find(tag);
  if (!element || !element->value.size) return false;
  Encoding inner = element->vr[0] == 'U' ? Encoding{false, false} : encoding;
  return Walker(element->value, inner).read_item(item);
}

namespace {

/// Reads group 0002, which is always explicit and little-endian; says where it ends.
size_t read_meta(Span bytes, size_t start, std::string &transfer_syntax) {
  Walker walker({bytes.bytes + start, bytes.size - start}, Encoding{true, false});
  DataSet meta;
  uint32_t tag = 0;
  size_t end = bytes.size;
  while (start + walker.place() < end && walker.peek(tag) && tag >> 16 == 0x0002) {
    Element element = walker.next(false, 0);
    meta.elements.push_back(element);
    // Deflated data may begin with what looks like group 0002, so the length decides where there is one.
    if (tag != 0x00020000 || element.value.size != 4) continue;
    const uint8_t *at = element.value.bytes;
    size_t length = at[0] | at[1] << 8 | at[2] << 16 | size_t(at[3]) << 24;
    if (length > bytes.size - start - walker.place())
      fail(CHEX_DICOM_TRUNCATED, "the file ends within its meta information");
    end = start + walker.place() + length;
  }
  if (meta.elements.empty()) fail(CHEX_DICOM_TRUNCATED, "the file ends before its meta information");
  transfer_syntax = std::string(meta.text(0x00020010));
  if (transfer_syntax.empty()) fail(CHEX_DICOM_DAMAGED, "no transfer syntax is given");
  return start + walker.place();
}

/// The transfer syntax of a data set without meta information, by how its first element is written.
std::string guess_syntax(Span bytes) {
  bool starts_well = bytes.size >= 8 && bytes.bytes[0] == 0x08 && bytes.bytes[1] == 0;
  if (!starts_well) fail(CHEX_DICOM_DAMAGED, "it does not begin as DICOM does");
  bool letters =
      bytes.bytes[4] >= 'A' && bytes.bytes[4] <= 'Z' && bytes.bytes[5] >= 'A' && bytes.bytes[5] <= 'Z';
  return letters ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2";
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
  } else {
    file.transfer_syntax = guess_syntax(bytes);
  }
  Span rest{bytes.bytes + start, bytes.size - start};
  if (file.transfer_syntax == "1.2.840.10008.1.2.1.99") {
    read_deflated(rest, with_pixels, file);
    return;
  }
  Encoding encoding;
  encoding.explicit_vr = file.transfer_syntax != "1.2.840.10008.1.2";
  encoding.big_endian = file.transfer_syntax == "1.2.840.10008.1.2.2";
  Walker(rest, encoding).read(file.data, with_pixels);
}

}  // namespace chex
