#include <algorithm>
#include <cstring>

#include "film.hpp"

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

/// One sample from its bytes: the bits stored, sign-extended.
struct SampleReader {
  unsigned bytes, shift;
  uint32_t mask, sign;
  explicit SampleReader(const Layout &layout)
      : bytes(unsigned(layout.bytes_per_sample())),
        shift(layout.high_bit + 1 - layout.stored),
        mask((1u << layout.stored) - 1),
        sign(layout.is_signed ? 1u << (layout.stored - 1) : 0) {}
  int32_t operator()(const uint8_t *at) const {
    uint32_t bits = bytes == 1 ? at[0] : uint32_t(at[0] | at[1] << 8);
    bits = bits >> shift & mask;
    return int32_t((bits ^ sign) - sign);
  }
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
  if (fragments.size() != 1)
    fail(CHEX_DICOM_DAMAGED, "%zu run-length fragments, expected 1", fragments.size());
  Span data = fragments[0];
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
    fail(CHEX_DICOM_TRUNCATED, "too few run-length data for the film's size");
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
  SampleReader read(layout);
  std::vector<int32_t> values(layout.pixels());
  size_t width = layout.bytes_per_sample();
  for (size_t i = 0; i < values.size(); i++) values[i] = read(samples.data() + i * width);
  return values;
}

}  // namespace chex
