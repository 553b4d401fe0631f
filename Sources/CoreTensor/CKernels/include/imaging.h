#pragma once
#include <stddef.h>

// Pixel loops of the Imaging module: float32 grey, row-major. Every function gives the same bits on every
// processor: no fused multiply-add, and sums run in an order that does not depend on the vector width.

/// Resizes a crop by antialiased bicubic convolution (a = -0.5, support scaled by the downsampling factor,
/// windows clipped at the crop's border, weights normalised), rows first, then columns, and clips to [0, 1].
/// - crop: the crop's first pixel within its film; row_stride: floats from one film row to the next.
/// - output: output_height * output_width floats, mirrored left to right where `mirrored` is not 0.
/// Returns 0, or -1 where memory for the scratch rows ran out. All sizes must be positive.
int chex_crop_resize(const float *crop, ptrdiff_t row_stride, int crop_height, int crop_width, float *output,
                     int output_height, int output_width, int mirrored);

/// Mirrors each row left to right, in place.
void chex_mirror_rows(float *pixels, int height, int width);

/// v ← clip(v * factor).
void chex_scale_clip(float *pixels, ptrdiff_t count, float factor);

/// v ← clip(grey + (v - grey) * factor).
void chex_blend_clip(float *pixels, ptrdiff_t count, float grey, float factor);

/// v ← clip(v)^exponent, exponent > 0, to 2e-6; values under 1.2e-38 count as black.
void chex_power_clip(float *pixels, ptrdiff_t count, float exponent);

/// The mean grey, summed in double.
double chex_mean(const float *pixels, ptrdiff_t count);

/// Gaussian blur of standard deviation `radius` pixels by three passes of an extended box blur (Gwosdek et
/// al. 2011) along each axis, edge pixels repeated; in place. Returns 0, or -1 where memory for the scratch
/// lines ran out.
int chex_gaussian_blur(float *pixels, int height, int width, double radius);
