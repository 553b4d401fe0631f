#pragma once
#include <stddef.h>
#include <stdint.h>

#include "chex_pixels.h"

// PNG by libpng and JPEG by libjpeg-turbo, from and to memory. Nothing here exits, aborts or jumps out: every
// failure is a status and a sentence.

typedef enum {
  CHEX_CODEC_OK = 0,
  /// The data end before the image does.
  CHEX_CODEC_TRUNCATED,
  /// The data break the format's rules.
  CHEX_CODEC_DAMAGED,
  /// A sound file of a kind that is not read.
  CHEX_CODEC_UNSUPPORTED,
  /// More memory than allowed would be needed, or there is none.
  CHEX_CODEC_MEMORY,
} chex_codec_status;

/// What the header says.
typedef struct {
  uint32_t width;
  uint32_t height;
  /// Bits of one sample as stored, 1 to 16.
  uint32_t bit_depth;
  /// Samples of one pixel as stored; a palette counts as one.
  uint32_t channels;
} chex_image_header;

/// The library's own words about the last failure.
typedef struct {
  char text[200];
} chex_codec_message;

/// Reads the header only. No memory in proportion to the image is taken.
chex_codec_status chex_png_header(const uint8_t *bytes, size_t size, chex_image_header *header,
                                  chex_codec_message *message);
chex_codec_status chex_jpeg_header(const uint8_t *bytes, size_t size, chex_image_header *header,
                                   chex_codec_message *message);

/// Decodes to grey float32 in [0, 1], row-major, into `pixels` of `expected->width * expected->height`
/// values, as announced by the header. Colour becomes grey by ITU-R 601 luma (0.299, 0.587, 0.114),
/// transparency lies over black, sixteen bits keep their depth. `white` becomes the sample that is 1: 255, 65535, or
/// the largest of 8, 10, 12 or 14 bits (of as many as sBIT says, where a file has it) where no sample of 16 bits is
/// larger. PNG's gAMA chunk is ignored. CMYK JPEGs go by
/// way of RGB = (1 - C)(1 - K) and so on.
/// - eighths: 8 for the size that the header says; 4, 2 or 1 for a JPEG of a half, a quarter or an eighth of it,
///   rounded up, which libjpeg-turbo makes within the inverse transform.
chex_codec_status chex_png_decode(const uint8_t *bytes, size_t size, const chex_image_header *expected,
                                  float *pixels, uint32_t *white, chex_codec_message *message);
chex_codec_status chex_jpeg_decode(const uint8_t *bytes, size_t size, const chex_image_header *expected,
                                   int eighths, float *pixels, chex_codec_message *message);

/// An encoded file in memory; released with `chex_encoded_release`.
typedef struct {
  uint8_t *bytes;
  size_t size;
} chex_encoded;

/// Encodes grey values in [0, 1] (clipped, rounded to nearest; not-a-number is black) as PNG of 8 or 16 bits. An sBIT
/// chunk says that all 16 count, so that a dark image comes back as it was.
chex_codec_status chex_png_encode_grey(const float *pixels, uint32_t width, uint32_t height, int bits,
                                       chex_encoded *encoded, chex_codec_message *message);
/// Encodes interleaved 8-bit samples as JPEG: channels 1 (grey), 3 (RGB, stored as YCbCr 4:2:0) or
/// 4 (CMYK, stored inverted with Adobe's marker); quality 1 to 100.
chex_codec_status chex_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                                   int quality, int progressive, chex_encoded *encoded,
                                   chex_codec_message *message);
void chex_encoded_release(chex_encoded *encoded);
