#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"

namespace chex {

/// A part of memory that someone else owns.
struct Span {
  const uint8_t *bytes = nullptr;
  size_t size = 0;
};

/// How data elements are written.
struct Encoding {
  bool explicit_vr = true;
  bool big_endian = false;
};

/// A data element; a sequence's value is all of its items.
struct Element {
  uint32_t tag = 0;
  /// The two letters, or two zero bytes where the file does not give them.
  char vr[2] = {0, 0};
  Span value;
  /// Of encapsulated pixel data: the fragments, without the offset table where there is one.
  std::vector<Span> fragments;
  bool encapsulated = false;
};

/// The elements of one data set, without those that no radiograph needs.
class DataSet {
 public:
  Encoding encoding;
  std::vector<Element> elements;

  /// The element, or null; the first of two.
  const Element *find(uint32_t tag) const;
  /// The first text of a value, without padding; empty where there is none.
  std::string_view text(uint32_t tag) const;
  /// A number of at most 16 bits (US or SS, by `is_signed`) at `index`; false where there is none.
  bool short_number(uint32_t tag, size_t index, bool is_signed, int32_t &number) const;
  /// A decimal text at `index` of a value, with a point or a comma; false where there is none or it is no finite
  /// number, so that no radiograph is lost for a number that its pixels do not need.
  bool decimal(uint32_t tag, size_t index, double &number) const;
  /// How many values an element's text holds; 0 where there is none.
  size_t text_count(uint32_t tag) const;
  /// A sequence's items, those without elements among them; damage ends the list without a word.
  std::vector<DataSet> items(uint32_t tag) const;
};

/// A file that has been taken apart.
struct DicomFile {
  std::string transfer_syntax;
  DataSet data;
  /// What a deflated file was inflated to; `data` points into it.
  std::vector<uint8_t> inflated;
};

/// Takes a file apart, up to the pixel data, and with them where `with_pixels` is set. Throws Failure.
void read_file(Span bytes, bool with_pixels, DicomFile &file);

constexpr uint32_t PIXEL_DATA = 0x7FE00010;

}  // namespace chex
