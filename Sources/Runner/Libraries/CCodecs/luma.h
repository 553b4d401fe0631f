#pragma once
#include <stdint.h>

// Samples to grey float32 in [0, 1]. Weights are whole thousandths, so that equal red, green and blue give
// exactly the value that the same grey would.

static inline void luma_8(const uint8_t *row, float *pixels, uint32_t width, int step) {
  for (uint32_t x = 0; x < width; x++, row += step) {
    pixels[x] = (float)(299 * row[0] + 587 * row[1] + 114 * row[2]) / 255000.0f;
  }
}

/// Big-endian samples, as PNG stores them.
static inline void luma_16(const uint8_t *row, float *pixels, uint32_t width, int step) {
  for (uint32_t x = 0; x < width; x++, row += 2 * step) {
    int red = row[0] << 8 | row[1], green = row[2] << 8 | row[3], blue = row[4] << 8 | row[5];
    pixels[x] = (float)((299 * red + 587 * green + 114 * blue) / 65535000.0);
  }
}

static inline void grey_row(const uint8_t *row, float *pixels, uint32_t width, int step, int depth) {
  if (depth == 16) {
    for (uint32_t x = 0; x < width; x++, row += 2 * step) {
      pixels[x] = (float)(row[0] << 8 | row[1]) / 65535.0f;
    }
  } else if (step == 1) {
    for (uint32_t x = 0; x < width; x++) pixels[x] = (float)row[x] / 255.0f;
  } else {
    for (uint32_t x = 0; x < width; x++, row += step) pixels[x] = (float)*row / 255.0f;
  }
}
