#include <gdcmJPEG2000Codec.h>
#include <gdcmJPEGCodec.h>
#include <gdcmJPEGLSCodec.h>
#include <gdcmSequenceOfFragments.h>
#include <gdcmTrace.h>

#include <algorithm>

#include "radiograph.hpp"

namespace chex {

namespace {

enum class Family { jpeg, jpeg_ls, jpeg_2000 };

/// A transfer syntax that GDCM decompresses here.
struct Compression {
  const char *uid;
  const char *name;
  Family family;
  /// JPEG frame markers that may occur.
  uint8_t frames[2];
};

constexpr Compression COMPRESSIONS[] = {
    {"1.2.840.10008.1.2.4.50", "JPEG baseline", Family::jpeg, {0xC0, 0xC1}},
    {"1.2.840.10008.1.2.4.51", "JPEG extended", Family::jpeg, {0xC0, 0xC1}},
    {"1.2.840.10008.1.2.4.57", "JPEG lossless", Family::jpeg, {0xC3, 0xC3}},
    {"1.2.840.10008.1.2.4.70", "JPEG lossless", Family::jpeg, {0xC3, 0xC3}},
    {"1.2.840.10008.1.2.4.80", "JPEG-LS", Family::jpeg_ls, {0xF7, 0xF7}},
    {"1.2.840.10008.1.2.4.81", "JPEG-LS", Family::jpeg_ls, {0xF7, 0xF7}},
    {"1.2.840.10008.1.2.4.90", "JPEG 2000", Family::jpeg_2000, {0, 0}},
    {"1.2.840.10008.1.2.4.91", "JPEG 2000", Family::jpeg_2000, {0, 0}},
};

const Compression &find_compression(const std::string &syntax) {
  for (const Compression &compression : COMPRESSIONS) {
    if (syntax == compression.uid) return compression;
  }
  fail(CHEX_DICOM_UNSUPPORTED, "transfer syntax \"%.64s\" is not read", syntax.c_str());
}

/// What the stream says must be what the file's header says, lest a codec write past what was asked for.
void check_stream(const StreamHeader &found, const Compression &compression, const Layout &layout) {
  if (found.frame != compression.frames[0] && found.frame != compression.frames[1])
    fail(CHEX_DICOM_DAMAGED, "a frame of JPEG kind %02x in %s data", found.frame, compression.name);
  if (found.rows != layout.rows || found.columns != layout.columns) {
    fail(CHEX_DICOM_DAMAGED, "the header says %u × %u pixels, the %s stream %u × %u", layout.columns,
         layout.rows, compression.name, found.columns, found.rows);
  }
  if (found.samples != 1) fail(CHEX_DICOM_DAMAGED, "%u samples per pixel in the stream", found.samples);
  if (found.precision < 2 || found.precision > 16) {
    fail(CHEX_DICOM_UNSUPPORTED, "%u bits per sample in the %s stream: 2 to 16 are read", found.precision,
         compression.name);
  }
}

/// Cuts off what lies behind a stream's end marker. GDCM would paint what is missing before it.
void cut_at_end(std::vector<uint8_t> &stream, StreamHeader &found, const Compression &compression) {
  bool wavelets = compression.family == Family::jpeg_2000;
  size_t end = wavelets ? jpeg2000_end(stream, found) : jpeg_end(stream, found);
  if (!end) fail(CHEX_DICOM_TRUNCATED, "the %s stream ends without its end marker", compression.name);
  stream.resize(end);
  stream.insert(stream.end(), {0xFF, 0xD9});
}

/// What the stream says of its samples goes before what the header says.
void follow_stream(const StreamHeader &found, Layout &layout) {
  bool is_wider = found.precision > layout.allocated;
  layout.coded = found.precision;
  layout.allocated = found.precision <= 8 ? 8 : 16;
  layout.stored = is_wider ? found.precision : std::min(layout.stored, found.precision);
  if (is_wider || layout.high_bit >= found.precision) layout.high_bit = layout.stored - 1;
  layout.is_coded_signed = found.is_signed;
  layout.is_lossy = layout.is_lossy || found.is_lossy;
}

bool decode_with(gdcm::ImageCodec &codec, const std::vector<uint8_t> &stream, const Layout &layout,
                 unsigned bits, gdcm::DataElement &result) {
  gdcm::Trace::SetDebug(false);
  gdcm::Trace::SetWarning(false);
  gdcm::Trace::SetError(false);
  gdcm::Fragment fragment;
  fragment.SetByteValue(reinterpret_cast<const char *>(stream.data()), uint32_t(stream.size()));
  gdcm::SmartPointer<gdcm::SequenceOfFragments> fragments = new gdcm::SequenceOfFragments;
  fragments->AddFragment(fragment);
  gdcm::DataElement pixels(gdcm::Tag(0x7FE0, 0x0010), 0, gdcm::VR::OB);
  pixels.SetValue(*fragments);
  const unsigned size[3] = {layout.columns, layout.rows, 1};
  codec.SetNumberOfDimensions(2);
  codec.SetDimensions(size);
  codec.SetPlanarConfiguration(0);
  codec.SetPhotometricInterpretation(gdcm::PhotometricInterpretation::MONOCHROME2);
  codec.SetPixelFormat(gdcm::PixelFormat(1, bits <= 8 ? 8 : 16, uint16_t(bits), uint16_t(bits - 1), 0));
  codec.SetLossyFlag(false);
  return codec.Decode(pixels, result);
}

/// Some encoders bring the data to an even length by bytes before the end marker, which the decoder takes for data
/// that no pixel is left for. It notices where too many are taken away.
bool decode_ls(std::vector<uint8_t> stream, const Layout &layout, unsigned bits, gdcm::DataElement &result) {
  constexpr int MOST_PADDING = 4;
  for (int removed = 0;; removed++) {
    gdcm::JPEGLSCodec codec;
    codec.SetBufferLength(layout.pixels() * (bits <= 8 ? 1 : 2));
    if (decode_with(codec, stream, layout, bits, result)) return true;
    if (removed == MOST_PADDING) return false;
    stream.erase(stream.end() - 3);
  }
}

bool decode(Family family, const std::vector<uint8_t> &stream, const Layout &layout, unsigned bits,
            gdcm::DataElement &result) {
  switch (family) {
    case Family::jpeg: {
      gdcm::JPEGCodec codec;
      return decode_with(codec, stream, layout, bits, result);
    }
    case Family::jpeg_ls: return decode_ls(stream, layout, bits, result);
    case Family::jpeg_2000: break;
  }
  gdcm::JPEG2000Codec codec;
  codec.SetNumberOfThreadsForDecompression(1);
  return decode_with(codec, stream, layout, bits, result);
}

}  // namespace

std::vector<uint8_t> joined(const std::vector<Span> &fragments) {
  size_t size = 0;
  for (Span fragment : fragments) size += fragment.size;
  std::vector<uint8_t> stream;
  stream.reserve(size);
  for (Span fragment : fragments) stream.insert(stream.end(), fragment.bytes, fragment.bytes + fragment.size);
  return stream;
}

std::vector<uint8_t> decode_compressed(const std::vector<Span> &fragments, const std::string &transfer_syntax,
                                       Layout &layout) {
  const Compression &compression = find_compression(transfer_syntax);
  if (layout.samples != 1)
    fail(CHEX_DICOM_UNSUPPORTED, "colour in %s data: only grey is read", compression.name);
  std::vector<uint8_t> stream = joined(fragments);
  bool wavelets = compression.family == Family::jpeg_2000;
  StreamHeader found = wavelets ? read_jpeg2000_header(stream) : read_jpeg_header(stream);
  check_stream(found, compression, layout);
  cut_at_end(stream, found, compression);
  gdcm::DataElement result;
  if (!decode(compression.family, stream, layout, found.precision, result))
    fail(CHEX_DICOM_DAMAGED, "its compressed data are wrong or end early");
  follow_stream(found, layout);
  const gdcm::ByteValue *value = result.GetByteValue();
  if (!value || value->GetLength() < layout.bytes()) {
    fail(CHEX_DICOM_TRUNCATED, "%s gave %u bytes, expected %zu", compression.name,
         value ? unsigned(value->GetLength()) : 0u, layout.bytes());
  }
  const auto *bytes = reinterpret_cast<const uint8_t *>(value->GetPointer());
  return {bytes, bytes + layout.bytes()};
}

}  // namespace chex
