#pragma once
#include "dataset.hpp"

namespace chex {

/// What the pixels' decoders must know.
struct Layout {
  uint32_t rows = 0, columns = 0;
  uint32_t allocated = 0, stored = 0, high_bit = 0;
  /// Bits of a sample that its coding can hold: those allocated, or the precision of a compressed stream.
  uint32_t coded = 0;
  uint32_t samples = 1;
  bool is_signed = false;
  /// The coding itself has signed samples, as JPEG 2000 may.
  bool is_coded_signed = false;
  /// Samples were compressed with loss, now or before, and may lie beyond the range of the bits stored.
  bool is_lossy = false;
  /// Samples of one kind lie together instead of those of one pixel.
  bool planar = false;
  size_t pixels() const { return size_t(rows) * columns; }
  size_t bytes_per_sample() const { return allocated / 8; }
  size_t bytes() const { return pixels() * samples * bytes_per_sample(); }
};

/// Fills the header from the elements. Throws where rows, columns or bits are missing.
void fill_header(const DicomFile &file, chex_dicom_header_fields &header);

/// The layout of a radiograph that is supported; throws with what is not.
Layout supported_layout(const DicomFile &file, const chex_dicom_header_fields &header);

/// The view: View Position, otherwise what View Code Sequence means, in the same words; empty where neither tells.
std::string view_of(const DataSet &data);

/// Stored values, row-major, of the bits stored; colour as rounded luma. Native and compressed samples are read by
/// the same rules.
std::vector<int32_t> stored_values(const DicomFile &file, const chex_dicom_header_fields &header,
                                   const Layout &layout);

/// Run-length compressed fragments as samples of `layout`, each kind together, little-endian.
std::vector<uint8_t> decode_runs(const std::vector<Span> &fragments, const Layout &layout);

/// Fragments one behind the other.
std::vector<uint8_t> joined(const std::vector<Span> &fragments);

/// Decompresses JPEG, JPEG-LS or JPEG 2000 by GDCM. `layout` gets what the stream says of its samples, and the
/// bytes are little-endian samples. Throws where the stream does not fit the header, before GDCM sees it.
std::vector<uint8_t> decode_compressed(const std::vector<Span> &fragments, const std::string &transfer_syntax,
                                       Layout &layout);

/// The sizes that a JPEG, JPEG-LS or JPEG 2000 stream announces.
struct StreamHeader {
  uint32_t rows = 0, columns = 0, precision = 0, samples = 0;
  /// JPEG's frame marker; 0 for JPEG 2000.
  uint8_t frame = 0;
  bool is_signed = false;
  /// The coding loses something: a cosine transform, an irreversible wavelet.
  bool is_lossy = false;
  /// Of JPEG 2000: where the first tile's part begins, and how many tiles there are.
  size_t first_tile = 0;
  uint32_t tiles = 0;
};
StreamHeader read_jpeg_header(const std::vector<uint8_t> &stream);
StreamHeader read_jpeg2000_header(const std::vector<uint8_t> &stream);

/// Where a stream ends, before its end marker; 0 where it does not end. A JPEG-LS stream tells on the way whether it is
/// near-lossless only.
size_t jpeg_end(const std::vector<uint8_t> &stream, StreamHeader &header);
size_t jpeg2000_end(const std::vector<uint8_t> &stream, const StreamHeader &header);

/// Stored values to grey in [0, 1].
void render(const DicomFile &file, const chex_dicom_header_fields &header, const Layout &layout,
            const std::vector<int32_t> &values, const chex_dicom_options &options, float *pixels);

}  // namespace chex
