#include "chex_pixels.h"

// Plain loops without branches, which the compiler turns into vectors. x86-64 is little-endian, as a store is.

void chex_pixels_from_8(const uint8_t *restrict levels, float *restrict pixels, size_t count) {
  for (size_t i = 0; i < count; i++) pixels[i] = (float)levels[i] / 255.0f;
}

void chex_pixels_from_16(const uint16_t *restrict levels, float *restrict pixels, size_t count) {
  for (size_t i = 0; i < count; i++) pixels[i] = (float)levels[i] / 65535.0f;
}

/// Written so that a comparison with not-a-number, which is false, gives 0.
static inline float clipped(float value) {
  value = value > 0.0f ? value : 0.0f;
  return value < 1.0f ? value : 1.0f;
}

void chex_pixels_to_8(const float *restrict pixels, uint8_t *restrict levels, size_t count) {
  for (size_t i = 0; i < count; i++) levels[i] = (uint8_t)(int)(clipped(pixels[i]) * 255.0f + 0.5f);
}

void chex_pixels_to_16(const float *restrict pixels, uint16_t *restrict levels, size_t count) {
  for (size_t i = 0; i < count; i++) levels[i] = (uint16_t)(int)(clipped(pixels[i]) * 65535.0f + 0.5f);
}

size_t chex_pixels_not_finite(const float *pixels, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += !(pixels[i] - pixels[i] == 0.0f);
  return found;
}

int chex_pixels_are_8(const float *pixels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float level = clipped(pixels[i]) * 255.0f, distance = level - (float)(int)(level + 0.5f);
    if (distance > 255e-6f || distance < -255e-6f) return 0;
  }
  return 1;
}
