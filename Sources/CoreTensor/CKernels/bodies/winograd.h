#include "packed_products.h"

// Convolution by 3 × 3 weights with stride 1, in tiles of 2 × 2 outputs that take 16 multiplications instead of 36
// (Winograd 1980; Lavin and Gray 2016, F(2×2, 3×3)). Sixteen neighbouring tiles lie in the sixteen lanes of a vector,
// which is the panel that products read, so that nothing is rearranged on the way. A narrow image is cut into pieces,
// one above another, which lie side by side in a panel (`chex_tiling`).

enum { POINTS = 16 };

/// Rows of panels that are computed together.
typedef struct {
  chex_tiling tiling;
  long rows, panels;
} tile_strip;

INLINE tile_strip strip_of(const chex_tiles *how, long rows) {
  chex_tiling tiling = chex_tiling_of(how);
  return (tile_strip){tiling, rows, tiling.panels_per_row * rows};
}

/// Bᵀ d along one axis.
INLINE void input_points(const lanes *d, lanes *out) {
  out[0] = d[0] - d[2];
  out[1] = d[1] + d[2];
  out[2] = d[2] - d[1];
  out[3] = d[1] - d[3];
}

/// A row of a plane (height, width) from column -padding on, zero outside it: `count` numbers, a multiple of sixteen.
INLINE void padded_row(const float *plane, long height, long width, long row, long padding, long count, float *out) {
  const int inside = row >= 0 && row < height;
  const long end = !inside ? 0 : width + padding < count ? width + padding : count;
  for (long c = end / LANES * LANES; c < count; c += LANES) *(loose_lanes *)(out + c) = (lanes){0};
  if (!inside) return;
  const float *from = plane + row * width;
  EACH_LANES(c, here, end - padding, { store(out + padding, c, here, load(from, c, here, CHEX_FLOAT32), CHEX_FLOAT32); });
  for (long c = 0; c < padding; c++) out[c] = 0;
}

/// Of a line of narrow pieces: where the same two columns further lies, and a piece by itself.
enum { FURTHER = 3 * LANES, ALONE = 6 * LANES };

/// Numbers of a line.
INLINE long line_width(const chex_tiling *tiling) {
  return tiling->pieces > 1 ? 9 * LANES : tiling->panels_per_row * 2 * LANES + LANES;
}

/// Where a line has the numbers two columns further.
INLINE long further(const chex_tiling *tiling) { return tiling->pieces > 1 ? FURTHER : 2; }

/// What the tiles of a row of panels read of row `row` of each piece: 32 numbers for each panel, and, `further`, 32.
INLINE void line_of_pieces(const float *plane, long height, long width, const chex_tiling *tiling, long row,
                           long padding, float *line) {
  if (tiling->pieces == 1) return padded_row(plane, height, width, row, padding, line_width(tiling), line);
  const long columns = 2 * tiling->across;
  for (long piece = 0; piece < tiling->pieces; piece++) {
    float *alone = line + ALONE, *to = line + piece * columns;
    padded_row(plane, height, width, row + 2 * piece * tiling->rows, padding, 3 * LANES, alone);
    *(loose_lanes *)to = *(const loose_lanes *)alone;
    *(loose_lanes *)(to + FURTHER) = *(const loose_lanes *)(alone + 2);
  }
  for (long c = tiling->pieces * columns; c < 2 * LANES; c++) line[c] = line[FURTHER + c] = 0;
}

/// One channel's tiles, transformed: point e of panel p goes to out[e · point_step + p · panel_step].
INLINE void transform_input(const float *plane, const chex_tiles *how, tile_strip strip, long first_row,
                            float *rows, float *out, long point_step, long panel_step) {
  const long wide = line_width(&strip.tiling), next = further(&strip.tiling), lines = 2 * strip.rows + 2;
  for (long r = 0; r < lines; r++)
    line_of_pieces(plane, how->height, how->width, &strip.tiling, 2 * first_row - how->padding + r, how->padding,
                   rows + r * wide);
  for (long panel = 0; panel < strip.tiling.panels_per_row; panel++) {
    lanes across[4][4];
    for (long r = 0; r < lines; r++) {
      lanes d[4];
      const float *x = rows + r * wide + panel * 2 * LANES;
      apart(x, &d[0], &d[1]);
      apart(x + next, &d[2], &d[3]);
      input_points(d, across[r & 3]);
      if (r < 3 || !(r & 1)) continue;
      float *to = out + ((r - 3) / 2 * strip.tiling.panels_per_row + panel) * panel_step;
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

/// Stores a row of outputs of a panel: of a part of one row, or of one row of each piece.
INLINE void store_outputs(const lanes *values, const chex_tiles *how, const chex_tiling *tiling, long row, long column,
                          float *plane) {
  if (tiling->pieces == 1) {
    if (row < how->outHeight)
      store_pairs(plane + row * how->outWidth + column, values[0], values[1], how->outWidth - column);
    return;
  }
  float line[3 * LANES];
  store_pairs(line, values[0], values[1], 2 * LANES);
  for (long piece = 0; piece < tiling->pieces; piece++, row += 2 * tiling->rows)
    if (row < how->outHeight)
      store(plane, row * how->outWidth, (int)how->outWidth,
            *(const loose_lanes *)(line + 2 * piece * tiling->across), CHEX_FLOAT32);
}

INLINE void transform_output(const float *points, long point_step, const chex_tiles *how, tile_strip strip,
                             long first_row, float bias, float *plane) {
  const long per_row = strip.tiling.panels_per_row;
  for (long panel = 0; panel < strip.panels; panel++) {
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
    for (long r = 0; r < 2; r++) {
      lanes values[2];
      output_values(down[r], values);
      values[0] += bias;
      values[1] += bias;
      store_outputs(values, how, &strip.tiling, 2 * (first_row + panel / per_row) + r, panel % per_row * 2 * LANES,
                    plane);
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
  return line_width(&strip.tiling) * (2 * rows + 2) + POINTS * LANES * strip.panels * (how->inputs + how->outputs);
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
