#include "lanes.h"

/// One pass of the extended box along `length` vectors; `line` and `out` have `reach` vectors of room on both
/// sides.
INLINE void box_pass(lanes *line, lanes *out, int length, const int whole, float inner, float outer) {
  const int reach = whole + 1;
  for (int i = 1; i <= reach; i++) {
    line[-i] = line[0];
    line[length - 1 + i] = line[length - 1];
  }
  for (int i = 0; i < length; i++) {
    lanes sum = line[i];
    for (int k = 1; k <= whole; k++) sum += line[i - k] + line[i + k];
    out[i] = inner * sum + outer * (line[i - reach] + line[i + reach]);
  }
}

INLINE void three_passes(lanes *line, lanes *other, int length, int whole, float inner, float outer) {
  for (int pass = 0; pass < 3; pass++) {
    // The usual radii get loops of constant length.
    if (whole == 0) {
      box_pass(line, other, length, 0, inner, outer);
    } else if (whole == 1) {
      box_pass(line, other, length, 1, inner, outer);
    } else {
      box_pass(line, other, length, whole, inner, outer);
    }
    lanes *kept = line;
    line = other;
    other = kept;
  }
}

/// Loads 16 rows of 16 (fewer at the edges) with one vector a column.
INLINE void load_transposed(const float *pixels, int width, int rows, int columns, lanes *tile) {
  for (int r = 0; r < LANES; r++) {
    tile[r] = (lanes){0};
    if (r < rows) memcpy(&tile[r], pixels + (size_t)r * width, (size_t)columns * sizeof(float));
  }
  transpose_lanes(tile);
}

INLINE void blur_rows(float *pixels, int height, int width, int whole, float inner, float outer, lanes *line,
                      lanes *other) {
  for (int row = 0; row < height; row += LANES) {
    float *strip = pixels + (size_t)row * width;
    int rows = smaller(LANES, height - row);
    for (int c = 0; c < width; c += LANES) {
      lanes tile[LANES];
      int columns = smaller(LANES, width - c);
      if (columns == LANES) {
        load_transposed(strip + c, width, rows, LANES, tile);
      } else {
        load_transposed(strip + c, width, rows, columns, tile);
      }
      memcpy(line + c, tile, (size_t)columns * sizeof(lanes));
    }
    three_passes(line, other, width, whole, inner, outer);
    for (int c = 0; c < width; c += LANES) {
      lanes tile[LANES] = {{0}};
      int columns = smaller(LANES, width - c);
      memcpy(tile, other + c, (size_t)columns * sizeof(lanes));
      transpose_lanes(tile);
      for (int r = 0; r < rows; r++) store_clipped(strip + (size_t)r * width + c, &tile[r], columns);
    }
  }
}

INLINE void blur_columns(float *pixels, int height, int width, int whole, float inner, float outer,
                         lanes *line, lanes *other) {
  for (int c = 0; c < width; c += LANES) {
    int columns = smaller(LANES, width - c);
    for (int r = 0; r < height; r++) {
      line[r] = (lanes){0};
      if (columns == LANES) {
        line[r] = *(const loose_lanes *)(pixels + (size_t)r * width + c);
      } else {
        memcpy(&line[r], pixels + (size_t)r * width + c, (size_t)columns * sizeof(float));
      }
    }
    three_passes(line, other, height, whole, inner, outer);
    for (int r = 0; r < height; r++) store_clipped(pixels + (size_t)r * width + c, &other[r], columns);
  }
}

static int gaussian_blur_kernel(float *pixels, int height, int width, double radius) {
  // A box of length 2 * (whole + fraction) + 1 whose three-fold convolution has the variance of the Gaussian.
  double variance = radius * radius / 3;
  double whole = floor((sqrt(12 * variance + 1) - 1) / 2);
  double fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  fraction /= 6 * (variance - (whole + 1) * (whole + 1));
  double inner = 1 / (2 * (whole + fraction) + 1);
  double outer = (1 - (2 * whole + 1) * inner) / 2;
  size_t reach = (size_t)whole + 1;
  size_t room = (size_t)(height > width ? height : width) + 2 * reach;
  lanes *block = aligned_alloc(64, 2 * room * sizeof(lanes));
  if (!block) return -1;
  lanes *line = block + reach, *other = line + room;
  blur_rows(pixels, height, width, (int)whole, (float)inner, (float)outer, line, other);
  blur_columns(pixels, height, width, (int)whole, (float)inner, (float)outer, line, other);
  free(block);
  return 0;
}
