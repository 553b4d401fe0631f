#include "walk.hpp"

#include <algorithm>
#include <cstring>

namespace chex {

namespace {

constexpr uint32_t UNDEFINED = 0xFFFFFFFF;
constexpr uint32_t ITEM = 0xFFFEE000, ITEM_END = 0xFFFEE00D, SEQUENCE_END = 0xFFFEE0DD;
/// Sequences within sequences; real files have about three.
constexpr int MOST_DEPTH = 16;

bool is(const char *vr, const char *letters) { return vr[0] == letters[0] && vr[1] == letters[1]; }

/// Whether the length takes four bytes after two unused ones.
bool has_long_length(const char *vr) {
  for (const char *letters : {"OB", "OW", "SQ", "UN", "UT", "OF", "OD", "OL", "OV", "UC", "UR", "SV", "UV"}) {
    if (is(vr, letters)) return true;
  }
  return false;
}

bool is_wanted(uint32_t tag) {
  switch (tag >> 16) {
    case 0x0002:
    case 0x0008:
    case 0x0010:
    case 0x0018:
    case 0x0020:
    case 0x0028:
    case 0x0054:
    case 0x7FE0: return true;
    default: return false;
  }
}

}  // namespace

bool is_representation(const uint8_t *bytes) {
  static constexpr char ALL[] = "AEASATCSDADSDTFDFLISLOLTOBODOFOLOVOWPNSHSLSQSSSTSVTMUCUIULUNURUSUTUV";
  for (const char *vr = ALL; *vr; vr += 2) {
    if (memcmp(bytes, vr, 2) == 0) return true;
  }
  return false;
}

void Walker::need(size_t count) const {
  if (count > span_.size - place_) {
    fail(CHEX_DICOM_TRUNCATED, "an element at byte %zu needs %zu more bytes, %zu are left", place_, count,
         span_.size - place_);
  }
}

uint16_t Walker::u16() {
  need(2);
  const uint8_t *at = span_.bytes + place_;
  place_ += 2;
  return encoding_.big_endian ? uint16_t(at[0] << 8 | at[1]) : uint16_t(at[1] << 8 | at[0]);
}

uint32_t Walker::u32() {
  uint32_t first = u16();
  uint32_t second = u16();
  return encoding_.big_endian ? first << 16 | second : second << 16 | first;
}

uint32_t Walker::tag() {
  uint32_t group = u16();
  return group << 16 | u16();
}

bool Walker::peek(uint32_t &tag) const {
  if (span_.size - place_ < 4) return false;
  Walker copy = *this;
  tag = copy.tag();
  return true;
}

/// Tag, representation and length.
uint32_t Walker::read_head(Element &element) {
  size_t start = place_;
  element.tag = tag();
  if (element.tag >> 16 == 0xFFFE || !encoding_.explicit_vr) return u32();
  need(4);
  memcpy(element.vr, span_.bytes + place_, 2);
  place_ += 2;
  for (char letter : element.vr) {
    if (letter < 'A' || letter > 'Z') {
      fail(CHEX_DICOM_DAMAGED, "element (%04x,%04x) at byte %zu has no value representation",
           element.tag >> 16, element.tag & 0xFFFF, start);
    }
  }
  if (!has_long_length(element.vr)) return u16();
  u16();
  return u32();
}

Element Walker::next(bool with_pixels, int depth) {
  Element element;
  size_t start = place_;
  uint32_t length = read_head(element);
  if (element.tag == PIXEL_DATA && depth == 0 && !with_pixels) {
    place_ = span_.size;
    return element;
  }
  size_t first = place_;
  if (length != UNDEFINED) {
    // A padding byte may be announced that no one wrote: whether the pixels are all there is for their reader to say.
    if (element.tag == PIXEL_DATA && depth == 0) length = uint32_t(std::min<size_t>(length, span_.size - place_));
    need(length);
    place_ += length;
    element.value = {span_.bytes + first, length};
    return element;
  }
  if (element.tag == PIXEL_DATA) {
    read_fragments(element);
  } else if (!encoding_.explicit_vr || is(element.vr, "SQ")) {
    skip_items(depth + 1, encoding_);
  } else if (is(element.vr, "UN")) {
    // A sequence that some earlier program did not know is written without representations.
    skip_items(depth + 1, Encoding{false, false});
  } else {
    fail(CHEX_DICOM_DAMAGED, "element (%04x,%04x) at byte %zu has no length", element.tag >> 16,
         element.tag & 0xFFFF, start);
  }
  element.value = {span_.bytes + first, place_ - first};
  return element;
}

void Walker::skip_items(int depth, Encoding encoding) {
  if (depth > MOST_DEPTH) fail(CHEX_DICOM_DAMAGED, "more than %d sequences within each other", MOST_DEPTH);
  Encoding outer = encoding_;
  encoding_ = encoding;
  for (;;) {
    size_t start = place_;
    uint32_t found = tag();
    uint32_t length = u32();
    if (found == SEQUENCE_END) break;
    if (found != ITEM) fail(CHEX_DICOM_DAMAGED, "a sequence has no item at byte %zu", start);
    if (length == UNDEFINED) {
      skip_until(ITEM_END, depth);
    } else {
      need(length);
      place_ += length;
    }
  }
  encoding_ = outer;
}

void Walker::skip_until(uint32_t delimiter, int depth) {
  for (;;) {
    need(8);
    if (next(false, depth).tag == delimiter) return;
  }
}

void Walker::read_fragments(Element &element) {
  element.encapsulated = true;
  Span table;
  // The delimiter may be missing: the compressed stream has an end of its own.
  for (bool is_first = true; !at_end(); is_first = false) {
    size_t start = place_;
    uint32_t found = tag();
    uint32_t length = u32();
    if (found == SEQUENCE_END) break;
    if (found != ITEM || length == UNDEFINED)
      fail(CHEX_DICOM_DAMAGED, "the pixel data have no fragment at byte %zu", start);
    Span fragment{span_.bytes + place_, std::min<size_t>(length, span_.size - place_)};
    if (is_first) {
      table = fragment;
    } else {
      element.fragments.push_back(fragment);
    }
    place_ += fragment.size;
  }
  // An offset table begins with offset 0, and no compressed stream does.
  bool has_marker = table.size > 2 && table.bytes[0] == 0xFF && table.bytes[1] != 0xFF;
  if (has_marker) element.fragments.insert(element.fragments.begin(), table);
}

void Walker::read(DataSet &data, bool with_pixels) {
  data.encoding = encoding_;
  while (!at_end()) {
    Element element = next(with_pixels, 0);
    if (is_wanted(element.tag)) data.elements.push_back(element);
    if (element.tag == PIXEL_DATA) return;
  }
}

bool Walker::read_item(DataSet &data) {
  if (span_.size - place_ < 8) return false;
  if (tag() != ITEM) return false;
  uint32_t length = u32();
  if (length != UNDEFINED) {
    need(length);
    Walker({span_.bytes + place_, length}, encoding_).read(data, false);
    place_ += length;
    return true;
  }
  data.encoding = encoding_;
  for (;;) {
    need(8);
    Element element = next(false, 1);
    if (element.tag == ITEM_END) return true;
    data.elements.push_back(element);
  }
}

}  // namespace chex
