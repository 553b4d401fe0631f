#include "winograd.h"

// The gradient of 3 × 3 weights in the same tiles: 3 × 3 results of 4 × 4 inputs and 2 × 2 gradients take 16
// multiplications a tile instead of 36. Tiles are the depth of sixteen products, one for each point.

/// Inputs of one row of panels as right operands: point e, sixteen channels, tile t at
/// out[e · point_step + (block · tiles + t) · 16].
static void winograd_inputs_kernel(const float *x, const chex_tiles *how, long row, long tiles, long first_tile,
                                   float *out, float *scratch) {
  const tile_strip strip = strip_of(how, 1);
  const long blocks = (how->inputs + LANES - 1) / LANES, point_step = blocks * tiles * LANES;
  const long square = LANES * LANES;
  float *lines = scratch + strip.panels * POINTS * square;
  for (long block = 0; block < blocks; block++) {
    for (long i = 0; i < LANES; i++) {
      long c = block * LANES + i;
      if (c < how->inputs) {
        transform_input(x + c * how->height * how->width, how, strip, row, lines, scratch + i * LANES, square,
                        POINTS * square);
      } else {
        for (long e = 0; e < strip.panels * POINTS; e++) *(loose_lanes *)(scratch + e * square + i * LANES) = (lanes){0};
      }
    }
    for (long panel = 0; panel < strip.panels; panel++)
      for (long e = 0; e < POINTS; e++) {
        lanes corner[LANES];
        const float *from = scratch + (panel * POINTS + e) * square;
        float *to = out + e * point_step + (block * tiles + first_tile + panel * LANES) * LANES;
        UNROLL
        for (int i = 0; i < LANES; i++) corner[i] = *(const loose_lanes *)(from + i * LANES);
        transpose_lanes(corner);
        UNROLL
        for (int i = 0; i < LANES; i++) *(loose_lanes *)(to + i * LANES) = corner[i];
      }
  }
}

/// G g along one axis, of two numbers.
INLINE void gradient_points(lanes first, lanes second, lanes *out) {
  lanes sum = 0.5f * first, half = 0.5f * second;
  out[0] = first;
  out[1] = sum + half;
  out[2] = sum - half;
  out[3] = second;
}

/// Gradients of one row of panels as left operands: point e, output o, tile t at out[(e · outputs + o) · tiles + t].
static void winograd_gradients_kernel(const float *dy, const chex_tiles *how, long row, long tiles,
                                      long first_tile, float *out, float *scratch) {
  const chex_tiling tiling = chex_tiling_of(how);
  const long wide = line_width(&tiling), point_step = how->outputs * tiles;
  for (long o = 0; o < how->outputs; o++) {
    for (long r = 0; r < 2; r++)
      line_of_pieces(dy + o * how->outHeight * how->outWidth, how->outHeight, how->outWidth, &tiling, 2 * row + r, 0,
                     scratch + r * wide);
    for (long panel = 0; panel < tiling.panels_per_row; panel++) {
      lanes across[2][4];
      for (int r = 0; r < 2; r++) {
        lanes even, odd;
        apart(scratch + r * wide + panel * 2 * LANES, &even, &odd);
        gradient_points(even, odd, across[r]);
      }
      float *to = out + o * tiles + first_tile + panel * LANES;
      UNROLL
      for (int j = 0; j < 4; j++) {
        lanes points[4];
        gradient_points(across[0][j], across[1][j], points);
        UNROLL
        for (int i = 0; i < 4; i++) *(loose_lanes *)(to + (i * 4 + j) * point_step) = points[i];
      }
    }
  }
}

static long winograd_gradient_scratch_kernel(const chex_tiles *how) {
  tile_strip strip = strip_of(how, 1);
  return strip.panels * POINTS * LANES * LANES + line_width(&strip.tiling) * 4;
}

/// Aᵀ m along one axis: three values of four points.
INLINE void gradient_values(const float *m, long step, float *out, long out_step) {
  out[0] = m[0] + m[step] + m[2 * step];
  out[out_step] = m[step] - m[2 * step];
  out[2 * out_step] = m[step] + m[2 * step] - m[3 * step];
}

static void winograd_weight_gradient_kernel(const float *points, long point_step, long count, float *out,
                                            int accumulate) {
  for (long i = 0; i < count; i++) {
    float m[POINTS], down[12], values[9];
    for (int e = 0; e < POINTS; e++) m[e] = points[e * point_step + i];
    for (int j = 0; j < 4; j++) gradient_values(m + j, 4, down + j, 4);
    for (int r = 0; r < 3; r++) gradient_values(down + 4 * r, 1, values + 3 * r, 1);
    for (int k = 0; k < 9; k++) out[9 * i + k] = accumulate ? out[9 * i + k] + values[k] : values[k];
  }
}

// --- few channels --------------------------------------------------------------------------------------------

#ifdef HAS_AVX512
enum { OUTPUTS_TOGETHER = 4 };
#else
enum { OUTPUTS_TOGETHER = 2 };
#endif

static long direct_weight_gradient_scratch_kernel(const chex_tiles *how, long rows) {
  long wide = (how->outWidth + 2 + LANES - 1) / LANES * LANES + LANES;
  return how->inputs * (rows + 2) * wide;
}

/// Weights of one row of the kernel, of one input and `count` outputs: sums over the rows of products with inputs at
/// three neighbouring columns.
INLINE void direct_rows(const float *lines, long wide, const float *dy, long width, long plane, long rows,
                        const int count, float *out, long out_step) {
  FUSE
  lanes sums[OUTPUTS_TOGETHER][3];
  for (int o = 0; o < count; o++)
    for (int k = 0; k < 3; k++) sums[o][k] = (lanes){0};
  for (long r = 0; r < rows; r++) {
    const float *line = lines + r * wide, *up = dy + r * width;
    EACH_LANES(c, here, width, {
      lanes gradients[OUTPUTS_TOGETHER];
      UNROLL
      for (int o = 0; o < count; o++) gradients[o] = load(up + o * plane, c, here, CHEX_FLOAT32);
      UNROLL
      for (int k = 0; k < 3; k++) {
        lanes inputs = *(const loose_lanes *)(line + c + k);
        UNROLL
        for (int o = 0; o < count; o++) sums[o][k] += gradients[o] * inputs;
      }
    });
  }
  for (int o = 0; o < count; o++)
    for (int k = 0; k < 3; k++) out[o * out_step + k] = sum_of(sums[o][k]);
}

static void direct_weight_gradient_kernel(const float *x, const float *dy, const chex_tiles *how, long first, long rows,
                                          float *out, float *scratch) {
  const long wide = direct_weight_gradient_scratch_kernel(how, 0) / (2 * how->inputs);
  const long plane = how->outHeight * how->outWidth;
  for (long c = 0; c < how->inputs; c++)
    for (long r = 0; r < rows + 2; r++)
      padded_row(x + c * how->height * how->width, how->height, how->width, first - how->padding + r, how->padding,
                 wide, scratch + (c * (rows + 2) + r) * wide);
  for (long o = 0; o < how->outputs; o += OUTPUTS_TOGETHER)
    for (long c = 0; c < how->inputs; c++)
      for (long k = 0; k < 3; k++) {
        const float *lines = scratch + (c * (rows + 2) + k) * wide;
        const float *up = dy + o * plane + first * how->outWidth;
        float *to = out + (o * how->inputs + c) * 9 + 3 * k;
        if (o + OUTPUTS_TOGETHER <= how->outputs) {
          direct_rows(lines, wide, up, how->outWidth, plane, rows, OUTPUTS_TOGETHER, to, how->inputs * 9);
          continue;
        }
        for (long left = 0; o + left < how->outputs; left++)
          direct_rows(lines, wide, up + left * plane, how->outWidth, plane, rows, 1, to + left * how->inputs * 9, 0);
      }
}
