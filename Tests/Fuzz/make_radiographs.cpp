// Writes the DICOM corpus: make_radiographs FOLDER. One small synthetic radiograph in every transfer syntax that is
// read, and in explicit little-endian with everything that changes how stored values become grey.
#include <gdcmJPEG2000Codec.h>
#include <gdcmJPEGCodec.h>
#include <gdcmJPEGLSCodec.h>
#include <gdcmRLECodec.h>
#include <gdcmSequenceOfFragments.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

constexpr unsigned WIDTH = 24, HEIGHT = 20;
using Bytes = std::vector<uint8_t>;

/// How a radiograph is stored.
struct Kind {
  std::string name, syntax;
  unsigned allocated = 16, stored = 12;
  bool is_signed = false;
  std::string photometric = "MONOCHROME2";
  unsigned samples = 1;
  bool planar = false;
  bool implicit() const { return syntax == "1.2.840.10008.1.2"; }
  bool big() const { return syntax == "1.2.840.10008.1.2.2"; }
};

/// Data elements, appended.
class Writer {
 public:
  Bytes bytes;
  bool implicit = false, big = false;

  void u16(unsigned value) {
    uint8_t low = value & 255, high = value >> 8 & 255;
    bytes.push_back(big ? high : low);
    bytes.push_back(big ? low : high);
  }
  void u32(unsigned value) {
    u16(big ? value >> 16 : value & 0xFFFF);
    u16(big ? value & 0xFFFF : value >> 16);
  }
  void head(unsigned tag, const char *vr, unsigned length) {
    u16(tag >> 16);
    u16(tag & 0xFFFF);
    if (implicit || tag >> 16 == 0xFFFE) return u32(length);
    bytes.insert(bytes.end(), vr, vr + 2);
    std::string kind(vr);
    if (kind != "OB" && kind != "OW" && kind != "SQ" && kind != "UN") return u16(length);
    u16(0);
    u32(length);
  }
  void data(unsigned tag, const char *vr, Bytes value) {
    if (value.size() % 2) value.push_back(0);
    head(tag, vr, unsigned(value.size()));
    bytes.insert(bytes.end(), value.begin(), value.end());
  }
  void text(unsigned tag, const char *vr, std::string value) {
    if (value.size() % 2) value.push_back(std::string(vr) == "UI" ? 0 : ' ');
    data(tag, vr, Bytes(value.begin(), value.end()));
  }
  void number(unsigned tag, unsigned value, const char *vr = "US") {
    head(tag, vr, 2);
    u16(value);
  }
  /// A lookup table of four entries as the only item of a sequence, once with lengths and once without.
  void table(unsigned sequence, bool with_lengths) {
    Writer item = *this;
    item.bytes.clear();
    item.head(0x00283002, "US", 6);
    item.u16(4);
    item.u16(500);
    item.u16(12);
    item.head(0x00283006, "US", 8);
    for (unsigned value : {0u, 1000u, 3000u, 4095u}) item.u16(value);
    head(sequence, "SQ", with_lengths ? unsigned(item.bytes.size()) + 8 : 0xFFFFFFFF);
    head(0xFFFEE000, "", with_lengths ? unsigned(item.bytes.size()) : 0xFFFFFFFF);
    bytes.insert(bytes.end(), item.bytes.begin(), item.bytes.end());
    if (with_lengths) return;
    head(0xFFFEE00D, "", 0);
    head(0xFFFEE0DD, "", 0);
  }
};

unsigned sample(unsigned x, unsigned y, unsigned channel, const Kind &kind) {
  unsigned value = (x * 7 + y * 3 + channel * 40 + (x * y) % 5 + (x > 12 ? 60 : 0)) % 256;
  value = value * ((1u << kind.stored) - 1) / 255;
  return kind.is_signed ? value - (1u << (kind.stored - 1)) : value;
}

Bytes samples(const Kind &kind) {
  Writer writer;
  writer.big = kind.big();
  unsigned planes = kind.planar ? kind.samples : 1, step = kind.planar ? 1 : kind.samples;
  for (unsigned plane = 0; plane < planes; plane++) {
    for (unsigned i = 0; i < WIDTH * HEIGHT * step; i++) {
      unsigned place = i / step, channel = kind.planar ? plane : i % step;
      unsigned value = sample(place % WIDTH, place / WIDTH, channel, kind);
      if (kind.allocated == 8) {
        writer.bytes.push_back(uint8_t(value));
      } else {
        writer.u16(value & 0xFFFF);
      }
    }
  }
  return writer.bytes;
}

Bytes compress(gdcm::ImageCodec &codec, const Kind &kind) {
  Bytes plain = samples(kind);
  gdcm::DataElement input(gdcm::Tag(0x7FE0, 0x0010), 0, gdcm::VR::OW), output;
  input.SetByteValue(reinterpret_cast<const char *>(plain.data()), uint32_t(plain.size()));
  const unsigned size[3] = {WIDTH, HEIGHT, 1};
  codec.SetNumberOfDimensions(2);
  codec.SetDimensions(size);
  codec.SetPhotometricInterpretation(gdcm::PhotometricInterpretation::MONOCHROME2);
  codec.SetPixelFormat(gdcm::PixelFormat(1, uint16_t(kind.allocated), uint16_t(kind.stored),
                                         uint16_t(kind.stored - 1), kind.is_signed));
  if (!codec.Code(input, output) || !output.GetSequenceOfFragments()) {
    fprintf(stderr, "make_radiographs: %s cannot be compressed\n", kind.name.c_str());
    exit(1);
  }
  const gdcm::ByteValue *value = output.GetSequenceOfFragments()->GetFragment(0).GetByteValue();
  return Bytes(value->GetPointer(), value->GetPointer() + value->GetLength());
}

Bytes deflated(const Bytes &plain) {
  z_stream state{};
  deflateInit2(&state, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  Bytes result(plain.size() + 100);
  state.next_in = const_cast<uint8_t *>(plain.data());
  state.avail_in = unsigned(plain.size());
  state.next_out = result.data();
  state.avail_out = unsigned(result.size());
  deflate(&state, Z_FINISH);
  result.resize(state.total_out);
  deflateEnd(&state);
  return result;
}

using More = std::function<void(Writer &)>;

/// Writes a radiograph; `stream` is its compressed pixels, empty where they are native.
void write(const std::string &folder, const Kind &kind, const Bytes &stream, More behind_28 = {}) {
  Writer body;
  body.implicit = kind.implicit();
  body.big = kind.big();
  body.text(0x00080018, "UI", "1.2.3.4");
  body.text(0x00080060, "CS", "DX");
  body.text(0x00100020, "LO", "P1");
  body.text(0x00185101, "CS", "PA");
  body.number(0x00280002, kind.samples);
  body.text(0x00280004, "CS", kind.photometric);
  if (kind.samples > 1) body.number(0x00280006, kind.planar);
  body.number(0x00280010, HEIGHT);
  body.number(0x00280011, WIDTH);
  body.number(0x00280100, kind.allocated);
  body.number(0x00280101, kind.stored);
  body.number(0x00280102, kind.stored - 1);
  body.number(0x00280103, kind.is_signed);
  if (behind_28) behind_28(body);
  if (stream.empty()) {
    body.data(0x7FE00010, kind.allocated == 8 ? "OB" : "OW", samples(kind));
  } else {
    body.head(0x7FE00010, "OB", 0xFFFFFFFF);
    body.head(0xFFFEE000, "", 0);
    body.data(0xFFFEE000, "", stream);
    body.head(0xFFFEE0DD, "", 0);
  }
  Writer meta;
  meta.text(0x00020010, "UI", kind.syntax);
  Writer file;
  file.bytes.assign(128, 0);
  for (char letter : {'D', 'I', 'C', 'M'}) file.bytes.push_back(uint8_t(letter));
  file.head(0x00020000, "UL", 4);
  file.u32(unsigned(meta.bytes.size()));
  file.bytes.insert(file.bytes.end(), meta.bytes.begin(), meta.bytes.end());
  if (kind.syntax == "1.2.840.10008.1.2.1.99") body.bytes = deflated(body.bytes);
  file.bytes.insert(file.bytes.end(), body.bytes.begin(), body.bytes.end());
  std::string path = folder + "/" + kind.name + ".dcm";
  FILE *target = fopen(path.c_str(), "wb");
  if (!target || fwrite(file.bytes.data(), 1, file.bytes.size(), target) != file.bytes.size()) {
    perror(path.c_str());
    exit(1);
  }
  fclose(target);
}

const std::string PLAIN = "1.2.840.10008.1.2.1", JPEG = "1.2.840.10008.1.2.4.";

void write_native(const std::string &folder) {
  write(folder, {"implicit", "1.2.840.10008.1.2"}, {});
  write(folder, {"big-endian", "1.2.840.10008.1.2.2"}, {});
  write(folder, {"deflated", "1.2.840.10008.1.2.1.99"}, {});
  write(folder, {"signed", PLAIN, 16, 12, true}, {});
  write(folder, {"monochrome1", PLAIN, 8, 8, false, "MONOCHROME1"}, {});
  write(folder, {"rgb", PLAIN, 8, 8, false, "RGB", 3}, {});
  write(folder, {"ybr-planar", PLAIN, 8, 8, false, "YBR_FULL", 3, true}, {});
  write(folder, {"window", PLAIN}, {}, [](Writer &body) {
    body.text(0x00281050, "DS", "1000\\2000");
    body.text(0x00281051, "DS", "800\\900");
    body.text(0x00281052, "DS", "-1024");
    body.text(0x00281053, "DS", "1.5");
  });
  write(folder, {"sigmoid", PLAIN, 16, 12, true}, {}, [](Writer &body) {
    body.number(0x00280120, 0xF800, "SS");
    body.number(0x00280121, 0xF810, "SS");
    body.text(0x00281050, "DS", "100");
    body.text(0x00281051, "DS", "800.5");
    body.text(0x00281056, "CS", "SIGMOID");
  });
  write(folder, {"tables", PLAIN}, {}, [](Writer &body) {
    body.table(0x00283000, true);
    body.table(0x00283010, false);
  });
}

void write_jpeg(const std::string &folder, Kind kind, bool lossless) {
  gdcm::JPEGCodec codec;
  codec.SetLossless(lossless);
  if (!lossless) codec.SetQuality(85);
  write(folder, kind, compress(codec, kind));
}

void write_compressed(const std::string &folder) {
  gdcm::RLECodec runs;
  Kind run_length{"run-length", "1.2.840.10008.1.2.5"};
  write(folder, run_length, compress(runs, run_length));
  write_jpeg(folder, {"jpeg-baseline", JPEG + "50", 8, 8}, false);
  write_jpeg(folder, {"jpeg-extended", JPEG + "51"}, false);
  write_jpeg(folder, {"jpeg-lossless-57", JPEG + "57", 16, 16}, true);
  write_jpeg(folder, {"jpeg-lossless-70", JPEG + "70"}, true);
  write_jpeg(folder, {"jpeg-lossless-8", JPEG + "70", 8, 8}, true);
  for (bool lossless : {true, false}) {
    gdcm::JPEGLSCodec codec;
    codec.SetLossless(lossless);
    if (!lossless) codec.SetLossyError(3);
    Kind kind{lossless ? "jpeg-ls" : "jpeg-ls-near", JPEG + (lossless ? "80" : "81")};
    write(folder, kind, compress(codec, kind));
  }
  for (bool lossless : {true, false}) {
    gdcm::JPEG2000Codec codec;
    codec.SetReversible(lossless);
    codec.SetNumberOfResolutions(3);
    Kind kind{lossless ? "jpeg-2000" : "jpeg-2000-lossy", JPEG + (lossless ? "90" : "91")};
    kind.is_signed = lossless;
    write(folder, kind, compress(codec, kind));
  }
}

}  // namespace

int main(int count, char **words) {
  if (count != 2) return fprintf(stderr, "make_radiographs: expected one folder\n"), 2;
  std::string folder = std::string(words[1]) + "/dicom";
  write_native(folder);
  write_compressed(folder);
  return 0;
}
