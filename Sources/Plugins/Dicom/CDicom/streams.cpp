#include "radiograph.hpp"

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
void check_segments(Reader reader, size_t place, StreamHeader &header) {
  constexpr uint32_t CODING = 0xFF52, TILE = 0xFF90, TILE_DATA = 0xFF93;
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
    if (marker == TILE && !header.first_tile) header.first_tile = start;
    // The wavelet's kind is the tenth byte behind the length; 0 is the one that cannot be undone exactly.
    if (marker == CODING && length >= 12) header.is_lossy = reader.stream[reader.place + 9] == 0;
    reader.place += length - 2;
  }
}

size_t find_end_marker(const std::vector<uint8_t> &stream, size_t from) {
  for (size_t i = from; i + 2 <= stream.size(); i++) {
    if (stream[i] == 0xFF && stream[i + 1] == 0xD9) return i;
  }
  return 0;
}

/// Whether 0xFF and this byte are no marker within compressed data.
bool is_coded(uint8_t byte, bool is_ls) {
  bool is_restart = byte >= 0xD0 && byte <= 0xD7;
  return is_restart || (is_ls ? byte < 0x80 : byte == 0);
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
    header.is_lossy = marker != 0xC3 && marker != 0xF7;
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
  check_segments(reader, 4 + length, header);
  header.precision = (depth & 0x7F) + 1;
  header.is_signed = depth & 0x80;
  header.columns = right - left;
  header.rows = bottom - top;
  uint64_t across = (uint64_t(right - tile_left) + tile_width - 1) / tile_width;
  uint64_t down = (uint64_t(bottom - tile_top) + tile_height - 1) / tile_height;
  if (across * down > 65535) fail(CHEX_DICOM_DAMAGED, "more than 65535 JPEG 2000 tiles");
  header.tiles = uint32_t(across * down);
  return header;
}

size_t jpeg_end(const std::vector<uint8_t> &stream, StreamHeader &header) {
  bool is_ls = header.frame == 0xF7, in_scan = false;
  size_t place = 2;
  while (place + 2 <= stream.size()) {
    uint8_t marker = stream[place + 1];
    if (stream[place] != 0xFF || marker == 0xFF) {
      place++;
    } else if (in_scan && is_coded(marker, is_ls)) {
      place += 2;
    } else if (marker == 0xD9) {
      return place;
    } else {
      if (stream.size() - place < 4) break;
      size_t length = size_t(stream[place + 2] << 8 | stream[place + 3]);
      in_scan = marker == 0xDA;
      size_t near = place + 5 + 2 * header.samples;
      if (in_scan && is_ls && near < stream.size()) header.is_lossy = stream[near] != 0;
      place += 2 + length;
    }
  }
  // Damaged data may hide the marker from the walk; then it is behind all but the padding.
  size_t last = stream.size();
  while (last > 0 && stream[last - 1] == 0) last--;
  return last >= 2 && stream[last - 2] == 0xFF && stream[last - 1] == 0xD9 ? last - 2 : 0;
}

size_t jpeg2000_end(const std::vector<uint8_t> &stream, const StreamHeader &header) {
  constexpr size_t TILE_HEAD = 12;
  Reader reader{stream, header.first_tile};
  size_t place = header.first_tile;
  uint32_t tile_parts = 0;
  while (stream.size() - place >= TILE_HEAD && stream[place] == 0xFF && stream[place + 1] == 0x90) {
    reader.place = place + 6;
    uint32_t length = reader.u32();
    tile_parts = stream[place + 11];
    // A last part may leave its length open. No compressed data hold the end marker's bytes.
    if (length < TILE_HEAD || length > stream.size() - place) return find_end_marker(stream, place + TILE_HEAD);
    place += length;
  }
  // A few bytes before the end marker are padding; more of them are data that a length left out.
  constexpr size_t MOST_PADDING = 8;
  if (size_t found = find_end_marker(stream, place)) return found - place <= MOST_PADDING ? place : found;
  // Some encoders leave the end marker out; one tile in one part is whole all the same.
  for (size_t i = place; i < stream.size(); i++) {
    if (stream[i] != 0) return 0;
  }
  return header.tiles == 1 && tile_parts == 1 ? place : 0;
}

}  // namespace chex
