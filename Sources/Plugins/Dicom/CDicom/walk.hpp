#pragma once
#include "dataset.hpp"

namespace chex {

/// Whether two bytes are one of DICOM's value representations.
bool is_representation(const uint8_t *bytes);

/// Goes through data elements; every length is checked against what is left.
class Walker {
 public:
  Walker(Span span, Encoding encoding) : span_(span), encoding_(encoding) {}

  size_t place() const { return place_; }
  bool at_end() const { return place_ == span_.size; }
  /// The next element's tag, which stays unread; false where fewer than four bytes are left.
  bool peek(uint32_t &tag) const;
  /// Reads an element and goes behind it. Pixel data are only entered where `with_pixels` is set.
  Element next(bool with_pixels, int depth);
  /// Reads elements into `data` up to the end or behind pixel data; elements that no radiograph needs are dropped.
  void read(DataSet &data, bool with_pixels);
  /// Reads a sequence's next item into `data` and goes behind it; false where there is none.
  bool read_item(DataSet &data);

 private:
  uint16_t u16();
  uint32_t u32();
  uint32_t tag();
  void need(size_t count) const;
  uint32_t read_head(Element &element);
  void skip_items(int depth, Encoding encoding);
  void skip_until(uint32_t delimiter, int depth);
  void read_fragments(Element &element);

  Span span_;
  Encoding encoding_;
  size_t place_ = 0;
};

}  // namespace chex
