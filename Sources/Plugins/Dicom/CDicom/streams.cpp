#include "film.hpp"

namespace chex {

namespace {

/// Big-endian numbers of a compressed stream.
struct Reader {
  const std::vector<uint8_t> &stream;
  size_t place = 0;

  void need(size_t count) const {
    if (place > stream.size() || count > stream.size() - place)
      fail(CHEX_DICOM_TRUNCATED, "the compressed stream ends within its header");
  }
  uint32_t u8() {
    need(1);
    return stream[place++];
  }
  uint32_t u16() {
    uint32_t high = u8();
    return high << 8 | u8();
  }
  uint32_t u32() {
    uint32_t high = u16();
    return high << 16 | u16();
  }
};

bool is_frame(uint32_t marker) {
  return (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) ||
         marker == 0xF7;
}

/// Goes through JPEG 2000's marker segments from behind the image's size to the first tile's data. GDCM goes
/// the same way without looking how far it is to the end.
void check_segments(Reader reader, size_t place) {
  constexpr uint32_t TILE_DATA = 0xFF93;
  reader.place = place;
  for (;;) {
    size_t start = reader.place;
    uint32_t marker = reader.u16();
    if (marker == TILE_DATA) return;
    bool has_length = marker >= 0xFF50 && marker < 0xFF92;
    uint32_t length = has_length ? reader.u16() : 0;
    if (length < 2)
      fail(CHEX_DICOM_DAMAGED, "JPEG 2000 marker %04x at byte %zu of the stream", marker, start);
    reader.need(length - 2);
    reader.place += length - 2;
  }
}

}  // namespace

StreamHeader read_jpeg_header(const std::vector<uint8_t> &stream) {
  Reader reader{stream};
  if (reader.u16() != 0xFFD8) fail(CHEX_DICOM_DAMAGED, "the compressed stream does not begin as JPEG does");
  for (;;) {
    size_t start = reader.place;
    if (reader.u8() != 0xFF) fail(CHEX_DICOM_DAMAGED, "no JPEG marker at byte %zu of the stream", start);
    uint32_t marker = reader.u8();
    while (marker == 0xFF) marker = reader.u8();
    if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xDA))
      fail(CHEX_DICOM_DAMAGED, "JPEG marker %02x comes before the frame's header", marker);
    uint32_t length = reader.u16();
    if (length < 2) fail(CHEX_DICOM_DAMAGED, "JPEG marker %02x has no length", marker);
    reader.need(length - 2);
    if (!is_frame(marker)) {
      reader.place += length - 2;
      continue;
    }
    StreamHeader header;
    header.frame = uint8_t(marker);
    header.precision = reader.u8();
    header.rows = reader.u16();
    header.columns = reader.u16();
    header.samples = reader.u8();
    if (length != 8 + 3 * header.samples)
      fail(CHEX_DICOM_DAMAGED, "the JPEG frame's header is %u bytes", length);
    return header;
  }
}

StreamHeader read_jpeg2000_header(const std::vector<uint8_t> &stream) {
  Reader reader{stream};
  if (reader.u32() != 0xFF4FFF51)
    fail(CHEX_DICOM_DAMAGED, "the compressed stream does not begin as JPEG 2000 does");
  uint32_t length = reader.u16();
  reader.u16();
  uint32_t right = reader.u32(), bottom = reader.u32(), left = reader.u32(), top = reader.u32();
  uint32_t tile_width = reader.u32(), tile_height = reader.u32();
  uint32_t tile_left = reader.u32(), tile_top = reader.u32();
  StreamHeader header;
  header.samples = reader.u16();
  uint32_t depth = reader.u8(), step_across = reader.u8(), step_down = reader.u8();
  if (right <= left || bottom <= top || !tile_width || !tile_height || tile_left > left || tile_top > top ||
      step_across != 1 || step_down != 1) {
    fail(CHEX_DICOM_DAMAGED, "the JPEG 2000 image's header contradicts itself");
  }
  if (length != 38 + 3 * header.samples)
    fail(CHEX_DICOM_DAMAGED, "the JPEG 2000 image's header is %u bytes", length);
  check_segments(reader, 4 + length);
  header.precision = (depth & 0x7F) + 1;
  header.columns = right - left;
  header.rows = bottom - top;
  uint64_t across = (uint64_t(right - tile_left) + tile_width - 1) / tile_width;
  uint64_t down = (uint64_t(bottom - tile_top) + tile_height - 1) / tile_height;
  if (across * down > 65535) fail(CHEX_DICOM_DAMAGED, "more than 65535 JPEG 2000 tiles");
  return header;
}

}  // namespace chex
