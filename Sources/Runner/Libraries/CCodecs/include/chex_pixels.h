#pragma once
#include <stddef.h>
#include <stdint.h>

// Grey levels of 8 and 16 bits, as a store keeps them, to and from float32 in [0, 1].

/// Divides each level by 255, or by 65535, with the very rounding of the PNG and JPEG decoders.
void chex_pixels_from_8(const uint8_t *levels, float *pixels, size_t count);
/// Levels are little-endian and aligned to 2 bytes.
void chex_pixels_from_16(const uint16_t *levels, float *pixels, size_t count);

/// Rounds to the nearest level after clipping to [0, 1]; not-a-number becomes black.
void chex_pixels_to_8(const float *pixels, uint8_t *levels, size_t count);
void chex_pixels_to_16(const float *pixels, uint16_t *levels, size_t count);

/// How many pixels are infinite or not a number.
size_t chex_pixels_not_finite(const float *pixels, size_t count);
/// Whether every pixel is a level of 8 bits divided by 255, to within a millionth.
int chex_pixels_are_8(const float *pixels, size_t count);
