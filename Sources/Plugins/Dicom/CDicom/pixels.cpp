#include <algorithm>
#include <cstring>

#include "radiograph.hpp"

namespace chex {

namespace {

constexpr const char *RUN_LENGTH = "1.2.840.10008.1.2.5";

bool is_native(const std::string &syntax) {
  return syntax == "1.2.840.10008.1.2" || syntax == "1.2.840.10008.1.2.1" ||
         syntax == "1.2.840.10008.1.2.2" || syntax == "1.2.840.10008.1.2.1.99";
}

/// Samples as they lie in the file, little-endian.
std::vector<uint8_t> native_samples(const DicomFile &file, const Element &element, const Layout &layout) {
  if (element.encapsulated) fail(CHEX_DICOM_DAMAGED, "native pixel data lie in fragments");
  size_t needed = layout.bytes();
  if (element.value.size < needed) {
    fail(CHEX_DICOM_TRUNCATED, "the pixel data have %zu bytes, %u × %u pixels need %zu", element.value.size,
         layout.columns, layout.rows, needed);
  }
  const uint8_t *bytes = element.value.bytes;
  bool words = layout.allocated == 16 || (element.vr[0] == 'O' && element.vr[1] == 'W');
  if (!file.data.encoding.big_endian || !words) return {bytes, bytes + needed};
  // Big-endian words; of 8-bit samples two share one, and an odd count has its last in a word of its own.
  size_t padded = needed + needed % 2;
  if (element.value.size < padded) fail(CHEX_DICOM_TRUNCATED, "the pixel data end within a word");
  std::vector<uint8_t> swapped(padded);
  for (size_t i = 0; i < padded; i++) swapped[i] = bytes[i ^ 1];
  return swapped;
}

/// The lowest `count` bits as a number, sign-extended where `is_signed`.
int32_t lowest_bits(uint32_t bits, unsigned count, bool is_signed) {
  uint32_t sign = is_signed ? 1u << (count - 1) : 0;
  return int32_t(((bits & ((1u << count) - 1)) ^ sign) - sign);
}

/// Stored values from samples. Bits beyond those stored are cut off, for they may hold overlays or anything; of a
/// radiograph that was compressed with loss they are the overshoot of a value, which is clamped. What the samples show
/// goes before what High Bit says.
class SampleReader {
 public:
  SampleReader(const std::vector<uint8_t> &samples, const Layout &layout)
      : samples_(samples), layout_(layout), shift_(layout.high_bit + 1 - layout.stored) {
    uint32_t used = 0;
    for (size_t i = 0; i < layout.pixels(); i++) used |= bits(i);
    // Left-aligned values have nothing below their lowest bit.
    if (used & ((1u << shift_) - 1) && (used >> layout.stored == 0 || count_beyond(0) == 0)) shift_ = 0;
    // Overshoot is rare: where most values have more bits, these are something else.
    bool has_more = used >> shift_ >> layout.stored != 0;
    clamps_ = layout.is_lossy && has_more && count_beyond(shift_) <= layout.pixels() / 2;
  }

  int32_t operator()(size_t index) const {
    if (!clamps_) return lowest_bits(bits(index) >> shift_, layout_.stored, layout_.is_signed);
    int32_t span = int32_t(1) << layout_.stored, least = layout_.is_signed ? -span / 2 : 0;
    return std::clamp(whole(index) >> shift_, least, least + span - 1);
  }

 private:
  uint32_t bits(size_t index) const {
    const uint8_t *at = samples_.data() + index * layout_.bytes_per_sample();
    uint32_t found = layout_.allocated == 8 ? at[0] : uint32_t(at[0] | at[1] << 8);
    return found & ((1u << layout_.coded) - 1);
  }
  /// All bits of the coding as a number.
  int32_t whole(size_t index) const {
    return lowest_bits(bits(index), layout_.coded, layout_.is_signed || layout_.is_coded_signed);
  }
  /// How many samples lie outside the range of the bits stored.
  size_t count_beyond(unsigned shift) const {
    size_t count = 0;
    for (size_t i = 0; i < layout_.pixels(); i++)
      count += lowest_bits(bits(i) >> shift, layout_.stored, layout_.is_signed) != whole(i) >> shift;
    return count;
  }

  const std::vector<uint8_t> &samples_;
  const Layout &layout_;
  unsigned shift_;
  bool clamps_ = false;
};

/// Luma of 8-bit colour by ITU-R 601; of YBR_FULL it is the first sample.
std::vector<int32_t> luma(const std::vector<uint8_t> &samples, const Layout &layout, bool has_luma) {
  std::vector<int32_t> values(layout.pixels());
  size_t step = layout.planar ? 1 : 3;
  size_t plane = layout.planar ? layout.pixels() : 1;
  for (size_t i = 0; i < values.size(); i++) {
    const uint8_t *at = samples.data() + i * step;
    values[i] = has_luma ? at[0] : (299 * at[0] + 587 * at[plane] + 114 * at[2 * plane] + 500) / 1000;
  }
  return values;
}

}  // namespace

std::vector<uint8_t> decode_runs(const std::vector<Span> &fragments, const Layout &layout) {
  std::vector<uint8_t> whole = fragments.size() == 1 ? std::vector<uint8_t>() : joined(fragments);
  Span data = fragments.size() == 1 ? fragments[0] : Span{whole.data(), whole.size()};
  if (data.size < 64) fail(CHEX_DICOM_TRUNCATED, "the run-length header is short");
  auto word = [&](size_t index) {
    const uint8_t *at = data.bytes + 4 * index;
    return at[0] | at[1] << 8 | at[2] << 16 | uint32_t(at[3]) << 24;
  };
  size_t width = layout.bytes_per_sample(), segments = layout.samples * width;
  if (word(0) != segments)
    fail(CHEX_DICOM_DAMAGED, "%u run-length segments, expected %zu", word(0), segments);
  size_t pixels = layout.pixels();
  // Two bytes stand for at most 128, so that a small file cannot ask for much memory.
  if (pixels * segments / 64 > data.size)
    fail(CHEX_DICOM_TRUNCATED, "too few run-length data for the radiograph's size");
  std::vector<uint8_t> samples(pixels * segments);
  for (size_t segment = 0; segment < segments; segment++) {
    size_t from = word(segment + 1), to = segment + 1 < segments ? word(segment + 2) : data.size;
    if (from < 64 || from > to || to > data.size)
      fail(from > data.size || to > data.size ? CHEX_DICOM_TRUNCATED : CHEX_DICOM_DAMAGED,
           "run-length segment %zu lies outside its fragment", segment + 1);
    // The highest byte of a sample comes first.
    size_t sample = segment / width, byte = width - 1 - segment % width;
    uint8_t *target = samples.data() + sample * pixels * width + byte;
    size_t made = 0;
    while (made < pixels && from < to) {
      int control = int8_t(data.bytes[from++]);
      if (control == -128) continue;
      size_t count = size_t(control >= 0 ? control + 1 : 1 - control);
      count = std::min(count, pixels - made);
      size_t taken = control >= 0 ? count : 1;
      if (taken > to - from) break;
      for (size_t i = 0; i < count; i++)
        target[(made + i) * width] = data.bytes[control >= 0 ? from + i : from];
      made += count;
      from += taken;
    }
    if (made < pixels)
      fail(CHEX_DICOM_TRUNCATED, "run-length segment %zu has %zu of %zu bytes", segment + 1, made, pixels);
  }
  return samples;
}

std::vector<int32_t> stored_values(const DicomFile &file, const chex_dicom_header_fields &header,
                                   const Layout &announced) {
  const Element *element = file.data.find(PIXEL_DATA);
  if (!element) fail(CHEX_DICOM_TRUNCATED, "there are no pixel data");
  Layout layout = announced;
  std::vector<uint8_t> samples;
  if (is_native(file.transfer_syntax)) {
    samples = native_samples(file, *element, layout);
  } else if (!element->encapsulated) {
    fail(CHEX_DICOM_DAMAGED, "compressed pixel data do not lie in fragments");
  } else if (file.transfer_syntax == RUN_LENGTH) {
    layout.planar = true;
    samples = decode_runs(element->fragments, layout);
  } else {
    samples = decode_compressed(element->fragments, file.transfer_syntax, layout);
  }
  if (samples.size() < layout.bytes()) fail(CHEX_DICOM_TRUNCATED, "the pixel data are short");
  if (layout.samples == 3) return luma(samples, layout, std::string_view(header.photometric) == "YBR_FULL");
  SampleReader read(samples, layout);
  std::vector<int32_t> values(layout.pixels());
  for (size_t i = 0; i < values.size(); i++) values[i] = read(i);
  return values;
}

}  // namespace chex
