#include <stdlib.h>

#include "chex_codecs.h"

/// Larger pictures are refused, as the radiograph decoder refuses them before it decodes.
#define MOST_PIXELS ((uint64_t)4 << 20)

/// libFuzzer's entry: a PNG's header, then its pixels where they are few enough.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  chex_image_header header;
  chex_codec_message message;
  if (chex_png_header(bytes, size, &header, &message) != CHEX_CODEC_OK) return 0;
  uint64_t count = (uint64_t)header.width * header.height;
  if (count == 0 || count > MOST_PIXELS) return 0;
  float *pixels = malloc(count * sizeof(float));
  if (!pixels) return 0;
  uint32_t white;
  if (chex_png_decode(bytes, size, &header, pixels, &white, &message) == CHEX_CODEC_OK) {
    for (uint64_t i = 0; i < count; i++) {
      if (!(pixels[i] >= 0 && pixels[i] <= 1)) abort();
    }
  }
  free(pixels);
  return 0;
}
