#include "packed_products.h"

// Convolution by 3 × 3 weights with stride 1, in tiles of 2 × 2 outputs that take 16 multiplications instead of 36
// (Winograd 1980; Lavin and Gray 2016, F(2×2, 3×3)). Sixteen neighbouring tiles lie in the sixteen lanes of a vector,
// which is the panel that products read, so that nothing is rearranged on the way.

enum { POINTS = 16 };

/// A strip of tile rows of one image. Panels are sixteen tiles of one tile row.
typedef struct {
  long panels_per_row, rows, panels;
} tile_strip;

INLINE tile_strip strip_of(const chex_tiles *how, long rows) {
  long per_row = ((how->outWidth + 1) / 2 + LANES - 1) / LANES;
  return (tile_strip){per_row, rows, per_row * rows};
}

/// Bᵀ d along one axis.
INLINE void input_points(const lanes *d, lanes *out) {
  out[0] = d[0] - d[2];
  out[1] = d[1] + d[2];
  out[2] = d[2] - d[1];
  out[3] = d[1] - d[3];
}

/// Rows `first` … of a plane (height, width), zero outside it, from column -padding on, each in `wide` numbers.
INLINE void padded_rows(const float *plane, long height, long width, long first, long rows, long padding, long wide,
                        float *out) {
  for (long r = 0; r < rows; r++, out += wide) {
    long row = first + r;
    if (row < 0 || row >= height) {
      memset(out, 0, (size_t)wide * 4);
      continue;
    }
    long end = width + padding < wide ? width + padding : wide;
    memset(out, 0, (size_t)padding * 4);
    memcpy(out + padding, plane + row * width, (size_t)(end - padding) * 4);
    memset(out + end, 0, (size_t)(wide - end) * 4);
  }
}

/// Numbers of a row that the tiles of a strip read.
INLINE long strip_width(tile_strip strip) { return strip.panels_per_row * 2 * LANES + LANES; }

/// One channel's tiles, transformed: point e of panel p goes to out[e · point_step + p · panel_step].
INLINE void transform_input(const float *plane, const chex_tiles *how, tile_strip strip, long first_tile_row,
                            float *rows, float *out, long point_step, long panel_step) {
  long wide = strip_width(strip);
  padded_rows(plane, how->height, how->width, 2 * first_tile_row - how->padding, 2 * strip.rows + 2, how->padding,
              wide, rows);
  for (long panel = 0; panel < strip.panels_per_row; panel++) {
    lanes across[4][4];
    for (long r = 0; r < 2 * strip.rows + 2; r++) {
      lanes d[4];
      const float *x = rows + r * wide + panel * 2 * LANES;
      apart(x, &d[0], &d[1]);
      apart(x + 2, &d[2], &d[3]);
      input_points(d, across[r & 3]);
      if (r < 3 || !(r & 1)) continue;
      float *to = out + ((r - 3) / 2 * strip.panels_per_row + panel) * panel_step;
      UNROLL
      for (int j = 0; j < 4; j++) {
        lanes column[4], points[4];
        UNROLL
        for (int i = 0; i < 4; i++) column[i] = across[(r - 3 + i) & 3][j];
        input_points(column, points);
        UNROLL
        for (int i = 0; i < 4; i++) *(loose_lanes *)(to + (i * 4 + j) * point_step) = points[i];
      }
    }
  }
}

/// Aᵀ m along one axis: two outputs of four points.
INLINE void output_values(const lanes *m, lanes *out) {
  out[0] = m[0] + m[1] + m[2];
  out[1] = m[1] - m[2] - m[3];
}

INLINE void transform_output(const float *points, long point_step, const chex_tiles *how, tile_strip strip,
                             long first_tile_row, float bias, float *plane) {
  for (long panel = 0; panel < strip.panels; panel++) {
    long row = 2 * (first_tile_row + panel / strip.panels_per_row);
    long column = panel % strip.panels_per_row * 2 * LANES;
    const float *from = points + panel * LANES;
    lanes down[2][4];
    UNROLL
    for (int j = 0; j < 4; j++) {
      lanes m[4], sums[2];
      UNROLL
      for (int i = 0; i < 4; i++) m[i] = *(const loose_lanes *)(from + (i * 4 + j) * point_step);
      output_values(m, sums);
      down[0][j] = sums[0];
      down[1][j] = sums[1];
    }
    for (long r = 0; r < 2 && row + r < how->outHeight; r++) {
      lanes values[2];
      output_values(down[r], values);
      store_pairs(plane + (row + r) * how->outWidth + column, values[0] + bias, values[1] + bias,
                  how->outWidth - column);
    }
  }
}

INLINE long whole_tiles(long rows) { return (rows + TILE_ROWS - 1) / TILE_ROWS; }

static long winograd_weights_size_kernel(long outputs, long inputs) {
  return POINTS * whole_tiles(outputs) * TILE_ROWS * inputs;
}

/// G g along one axis.
INLINE void weight_points(const float *g, long step, float *out) {
  float sum = 0.5f * (g[0] + g[2 * step]), half = 0.5f * g[step];
  out[0] = g[0];
  out[1] = sum + half;
  out[2] = sum - half;
  out[3] = g[2 * step];
}

static void winograd_weights_kernel(const float *weight, long outputs, long inputs, int backward, long first, long count,
                                    float *out) {
  const long point_step = whole_tiles(outputs) * TILE_ROWS * inputs;
  for (long o = first; o < first + count; o++)
    for (long c = 0; c < inputs; c++) {
      float turned[9], across[12], points[POINTS] = {0};
      if (o < outputs) {
        const float *own = weight + 9 * (backward ? c * outputs + o : o * inputs + c);
        for (int i = 0; i < 9; i++) turned[i] = own[backward ? 8 - i : i];
        for (int r = 0; r < 3; r++) weight_points(turned + 3 * r, 1, across + 4 * r);
        for (int j = 0; j < 4; j++) {
          float column[4];
          weight_points(across + j, 4, column);
          for (int i = 0; i < 4; i++) points[i * 4 + j] = column[i];
        }
      }
      float *to = out + (o / TILE_ROWS * inputs + c) * TILE_ROWS + o % TILE_ROWS;
      for (int e = 0; e < POINTS; e++) to[e * point_step] = points[e];
    }
}

static long winograd_scratch_kernel(const chex_tiles *how, long rows) {
  tile_strip strip = strip_of(how, rows);
  return strip_width(strip) * (2 * rows + 2) + POINTS * LANES * strip.panels * (how->inputs + how->outputs);
}

static void winograd_kernel(const float *x, const float *weights, const float *bias, float *out, const chex_tiles *how,
                            long first, long rows, float *scratch) {
  const tile_strip strip = strip_of(how, rows);
  const long inputs = how->inputs, outputs = how->outputs;
  // Of a point: panels of (inputs, 16) before the product, (outputs, panels · 16) after it.
  const long before = strip.panels * inputs * LANES, after = strip.panels * outputs * LANES;
  float *transformed = scratch, *products = scratch + POINTS * before, *lines = products + POINTS * after;
  for (long c = 0; c < inputs; c++)
    transform_input(x + c * how->height * how->width, how, strip, first, lines, transformed + c * LANES, before,
                    inputs * LANES);
  const long tiles = whole_tiles(outputs);
  for (long e = 0; e < POINTS; e++)
    for (long panel = 0; panel < strip.panels; panel++)
      for (long start = 0; start < inputs; start += BLOCK_DEPTH) {
        long depth = inputs - start < BLOCK_DEPTH ? inputs - start : BLOCK_DEPTH;
        for (long tile = 0; tile < tiles; tile++) {
          long row = tile * TILE_ROWS;
          multiply_tile(weights + ((e * tiles + tile) * inputs + start) * TILE_ROWS,
                        transformed + e * before + (panel * inputs + start) * LANES, depth,
                        products + e * after + row * strip.panels * LANES + panel * LANES, strip.panels * LANES,
                        outputs - row < TILE_ROWS ? outputs - row : TILE_ROWS, LANES, start > 0);
        }
      }
  for (long o = 0; o < outputs; o++)
    transform_output(products + o * strip.panels * LANES, after, how, strip, first, bias ? bias[o] : 0,
                     out + o * how->outHeight * how->outWidth);
}
