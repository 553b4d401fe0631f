#pragma once
#include "strip_products.h"

// Products of large float32 matrices on packed operands. The right operand lies in panels of sixteen columns, each
// with its rows one after the other; the left one is packed here, a tile of rows at a time, for a block of the depth
// that lets a panel stay in the first cache and the tiles in the second.
//
// A number of the result is the sum over blocks of sums in order, whatever tile, part or thread computes it, so that
// equal rows give equal results and no row's result depends on the others.

/// Depth of a block: a panel of it takes 16 KiB.
enum { BLOCK_DEPTH = 256 };

typedef float quad __attribute__((vector_size(16)));
typedef float loose_quad __attribute__((vector_size(16), aligned(4)));

/// Four numbers of each of four rows, transposed: out[i] holds the i-th number of each row.
INLINE void transpose_quads(const quad *rows, quad *out) {
  quad low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  quad high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  quad low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  quad high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  out[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

/// A tile of rows whose numbers along the depth are neighbours: out[k * TILE_ROWS + r].
INLINE void pack_tile_across(const float *x, long row_stride, long depth, float *out) {
  long k = 0;
  for (; k + 4 <= depth; k += 4, out += 4 * TILE_ROWS) {
    quad rows[2][4], columns[2][4];
    UNROLL
    for (int r = 0; r < 8; r++)
      rows[r / 4][r % 4] = r < TILE_ROWS ? *(const loose_quad *)(x + r * row_stride + k) : (quad){0};
    UNROLL
    for (int half = 0; half < 2; half++) transpose_quads(rows[half], columns[half]);
    UNROLL
    for (int i = 0; i < 4; i++) {
      UNROLL
      for (int r = 0; r < TILE_ROWS; r += 4)
        memcpy(out + i * TILE_ROWS + r, &columns[r / 4][i], 4 * (TILE_ROWS - r < 4 ? TILE_ROWS - r : 4));
    }
  }
  for (; k < depth; k++)
    for (int r = 0; r < TILE_ROWS; r++) *out++ = x[r * row_stride + k];
}

/// Tiles of rows of the left operand, zero beyond the last row.
INLINE void pack_tiles(const float *x, long row_stride, long depth_stride, long rows, long depth, float *out) {
  for (long first = 0; first < rows; first += TILE_ROWS, out += depth * TILE_ROWS) {
    const float *tile = x + first * row_stride;
    if (first + TILE_ROWS <= rows && depth_stride == 1) {
      pack_tile_across(tile, row_stride, depth, out);
    } else if (first + TILE_ROWS <= rows && row_stride == 1) {
      for (long k = 0; k < depth; k++) memcpy(out + k * TILE_ROWS, tile + k * depth_stride, 4 * TILE_ROWS);
    } else {
      for (long k = 0; k < depth; k++)
        for (long r = 0; r < TILE_ROWS; r++)
          out[k * TILE_ROWS + r] = first + r < rows ? tile[r * row_stride + k * depth_stride] : 0;
    }
  }
}

/// One tile of rows times one panel of columns, of which `rows` and `columns` are wanted: out (+)= left · panel.
static void multiply_tile(const float *left, const float *panel, long depth, float *out, long out_stride, long rows,
                          long columns, int accumulate) {
  FUSE
  lanes sums[TILE_ROWS];
  UNROLL
  for (int r = 0; r < TILE_ROWS; r++) sums[r] = (lanes){0};
  if (accumulate)
    for (long r = 0; r < rows; r++) __builtin_prefetch(out + r * out_stride, 1, 3);
  _Pragma("clang loop unroll_count(4)")
  for (long k = 0; k < depth; k++, left += TILE_ROWS, panel += LANES) {
    lanes right = *(const loose_lanes *)panel;
    UNROLL
    for (int r = 0; r < TILE_ROWS; r++) sums[r] += all(left[r]) * right;
  }
  if (rows == TILE_ROWS && columns == LANES) {
    UNROLL
    for (int r = 0; r < TILE_ROWS; r++) {
      loose_lanes *place = (loose_lanes *)(out + r * out_stride);
      *place = accumulate ? *place + sums[r] : sums[r];
    }
    return;
  }
  float kept[TILE_ROWS][LANES];
  memcpy(kept, sums, sizeof kept);
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) {
      float *place = out + r * out_stride + c;
      *place = accumulate ? *place + kept[r][c] : kept[r][c];
    }
}

static long tile_rows_kernel(void) { return TILE_ROWS; }

static long panel_scratch_kernel(long rows, long k) {
  return (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS * (k < BLOCK_DEPTH ? k : BLOCK_DEPTH);
}

static void multiply_panels_kernel(const float *x, long row_stride, long depth_stride, long rows, const float *panels,
                                   long k, long n, float *out, int accumulate, float *scratch) {
  const long tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  for (long first = 0; first < k; first += BLOCK_DEPTH) {
    long depth = k - first < BLOCK_DEPTH ? k - first : BLOCK_DEPTH;
    pack_tiles(x + first * depth_stride, row_stride, depth_stride, rows, depth, scratch);
    for (long column = 0; column < n; column += LANES) {
      const float *panel = panels + column * k + first * LANES;
      long columns = n - column < LANES ? n - column : LANES;
      for (long tile = 0; tile < tiles; tile++) {
        // Each tile asks for its share of the next panel, which would otherwise make the first of them wait.
        if (column + LANES < n)
          for (long line = depth * tile / tiles; line < depth * (tile + 1) / tiles; line++)
            __builtin_prefetch(panel + k * LANES + line * LANES, 0, 2);
        long row = tile * TILE_ROWS;
        multiply_tile(scratch + row * depth, panel, depth, out + row * n + column, n,
                      rows - row < TILE_ROWS ? rows - row : TILE_ROWS, columns, accumulate || first > 0);
      }
    }
  }
}

static double multiply_in_registers_kernel(long repeats, float *numbers) {
  FUSE
#ifdef HAS_AVX512
  enum { SUMS = 12 };
#else
  enum { SUMS = TILE_ROWS };
#endif
  lanes sums[SUMS];
  // Unknown to the compiler, which would leave out a sum that it sees stay as it is.
  const lanes factor = all(numbers[0]), term = all(numbers[1]);
  UNROLL
  for (int i = 0; i < SUMS; i++) sums[i] = all((float)i);
  for (long repeat = 0; repeat < repeats; repeat++) {
    UNROLL
    for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * factor + term;
  }
  lanes whole = {0};
  for (int i = 0; i < SUMS; i++) whole += sums[i];
  numbers[0] = sum_of(whole);
  return 2.0 * LANES * SUMS * (double)repeats;
}
