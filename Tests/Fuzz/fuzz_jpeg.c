#include <stdlib.h>

#include "chex_codecs.h"

/// Larger pictures are refused, as the radiograph decoder refuses them before it decodes.
#define MOST_PIXELS ((uint64_t)4 << 20)

/// libFuzzer's entry: a JPEG's header, then its pixels where they are few enough.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  chex_image_header header;
  chex_codec_message message;
  if (chex_jpeg_header(bytes, size, &header, &message) != CHEX_CODEC_OK) return 0;
  uint64_t count = (uint64_t)header.width * header.height;
  if (count == 0 || count > MOST_PIXELS) return 0;
  // The scale follows from the input, so that all are tried and a finding can be repeated.
  int eighths = 1 << (size % 4);
  count = (uint64_t)((header.width * eighths + 7) / 8) * ((header.height * eighths + 7) / 8);
  float *pixels = malloc(count * sizeof(float));
  if (!pixels) return 0;
  if (chex_jpeg_decode(bytes, size, &header, eighths, pixels, &message) == CHEX_CODEC_OK) {
    for (uint64_t i = 0; i < count; i++) {
      if (!(pixels[i] >= 0 && pixels[i] <= 1)) abort();
    }
  }
  free(pixels);
  return 0;
}
