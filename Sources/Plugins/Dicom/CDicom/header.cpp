#include <algorithm>
#include <cstring>

#include "radiograph.hpp"

namespace chex {

namespace {

/// The length of the UTF-8 sequence that `text` begins with, or 0.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t index) { return index < text.size() ? uint8_t(text[index]) : 0u; };
  auto follows = [&](size_t index) { return (byte(index) & 0xC0) == 0x80; };
  unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    bool allowed = (first != 0xE0 || byte(1) >= 0xA0) && (first != 0xED || byte(1) < 0xA0);
    return allowed && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    bool allowed = (first != 0xF0 || byte(1) >= 0x90) && (first != 0xF4 || byte(1) < 0x90);
    return allowed && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Copies as much as fits, whole characters only; other bytes become question marks.
template <size_t N>
void copy(std::string_view text, char (&target)[N]) {
  size_t used = 0;
  while (!text.empty()) {
    size_t length = utf8_length(text);
    size_t taken = length ? length : 1;
    if (used + taken >= N) break;
    if (length) {
      memcpy(target + used, text.data(), length);
    } else {
      target[used] = '?';
    }
    used += taken;
    text.remove_prefix(taken);
  }
  memset(target + used, 0, N - used);
}

uint32_t number(const DataSet &data, uint32_t tag, const char *name) {
  int32_t value = 0;
  if (!data.short_number(tag, 0, false, value))
    fail(CHEX_DICOM_DAMAGED, "%s missing: it holds no image", name);
  return uint32_t(value);
}

uint32_t number(const DataSet &data, uint32_t tag, uint32_t otherwise) {
  int32_t value = 0;
  return data.short_number(tag, 0, false, value) ? uint32_t(value) : otherwise;
}

/// A pair in millimetres; both zero where the file has none or no numbers.
void copy_spacing(const DataSet &data, uint32_t tag, double (&spacing)[2]) {
  double rows = 0, columns = 0;
  if (!data.decimal(tag, 0, rows) || !data.decimal(tag, 1, columns) || rows <= 0 || columns <= 0) return;
  spacing[0] = rows;
  spacing[1] = columns;
}

/// Whether the pixel data hold one radiograph only, whatever Number of Frames says.
bool holds_one_radiograph(const DicomFile &file, const Layout &layout) {
  const Element *pixels = file.data.find(PIXEL_DATA);
  if (!pixels) return false;
  return pixels->encapsulated ? pixels->fragments.size() == 1 : pixels->value.size < 2 * layout.bytes();
}

/// High Bit, where it can be: at most the highest there is, at least the highest of the bits stored.
uint32_t high_bit(const DataSet &data, const Layout &layout) {
  uint32_t found = number(data, 0x00280102, layout.stored - 1);
  return found < layout.allocated && found + 1 >= layout.stored ? found : layout.stored - 1;
}

}  // namespace

void fill_header(const DicomFile &file, chex_dicom_header_fields &header) {
  const DataSet &data = file.data;
  header = {};
  header.rows = number(data, 0x00280010, "Rows is");
  header.columns = number(data, 0x00280011, "Columns is");
  header.bits_allocated = number(data, 0x00280100, "Bits Allocated is");
  header.bits_stored = number(data, 0x00280101, header.bits_allocated);
  header.is_signed = number(data, 0x00280103, 0u) == 1;
  header.samples_per_pixel = number(data, 0x00280002, 1u);
  double frames = 1;
  data.decimal(0x00280008, 0, frames);
  header.frames = uint32_t(std::clamp(frames, 1.0, 1e9));
  copy_spacing(data, 0x00280030, header.pixel_spacing);
  copy_spacing(data, 0x00181164, header.imager_pixel_spacing);
  copy(data.text(0x00280004), header.photometric);
  copy(file.transfer_syntax, header.transfer_syntax);
  copy(data.text(0x00080060), header.modality);
  copy(view_of(data), header.view_position);
  std::string_view side = data.text(0x00200062);
  copy(side.empty() ? data.text(0x00200060) : side, header.laterality);
  copy(data.text(0x00180015), header.body_part);
  copy(data.text(0x00080070), header.manufacturer);
  copy(data.text(0x00100020), header.patient);
  copy(data.text(0x0020000D), header.study);
  copy(data.text(0x00080018), header.instance);
}

Layout supported_layout(const DicomFile &file, const chex_dicom_header_fields &header) {
  Layout layout;
  layout.rows = header.rows;
  layout.columns = header.columns;
  layout.allocated = header.bits_allocated;
  layout.stored = header.bits_stored;
  layout.coded = header.bits_allocated;
  std::string_view loss = file.data.text(0x00282110);
  layout.is_lossy = loss == "01" || (file.transfer_syntax == "1.2.840.10008.1.2.4.91" && loss != "00");
  layout.samples = header.samples_per_pixel;
  layout.is_signed = header.is_signed;
  layout.planar = number(file.data, 0x00280006, 0u) == 1;
  if (!layout.rows || !layout.columns)
    fail(CHEX_DICOM_DAMAGED, "%u columns, %u rows", layout.columns, layout.rows);
  if (layout.pixels() > CHEX_DICOM_MOST_PIXELS) {
    fail(CHEX_DICOM_MEMORY, "%u × %u pixels, at most %u are read", layout.columns, layout.rows,
         CHEX_DICOM_MOST_PIXELS);
  }
  if (layout.allocated != 8 && layout.allocated != 16)
    fail(CHEX_DICOM_UNSUPPORTED, "%u bits per sample: 8 or 16 are read", layout.allocated);
  if (!layout.stored || layout.stored > layout.allocated)
    fail(CHEX_DICOM_DAMAGED, "%u bits stored, of %u", layout.stored, layout.allocated);
  layout.high_bit = high_bit(file.data, layout);
  if (header.frames > 1 && !holds_one_radiograph(file, layout))
    fail(CHEX_DICOM_UNSUPPORTED, "%u frames: only files of one frame are read", header.frames);
  std::string_view kind = header.photometric;
  bool grey = kind == "MONOCHROME1" || kind == "MONOCHROME2";
  bool colour = kind == "RGB" || kind == "YBR_FULL";
  if (!grey && !colour) {
    fail(CHEX_DICOM_UNSUPPORTED,
         "photometric interpretation \"%s\": MONOCHROME1, MONOCHROME2, RGB and YBR_FULL "
         "are read",
         header.photometric);
  }
  if (layout.samples != (grey ? 1u : 3u))
    fail(CHEX_DICOM_DAMAGED, "%u samples per pixel in %s", layout.samples, header.photometric);
  if (colour && (layout.allocated != 8 || layout.stored != 8 || layout.is_signed))
    fail(CHEX_DICOM_UNSUPPORTED, "colour of %u bits: unsigned 8 are read", layout.stored);
  return layout;
}

}  // namespace chex
