#pragma once
#include "pack.h"

// Products of a strip of rows: rows of 32-bit words times columns of words, where a word is a float, or a pair of
// bfloat16 neighbours along the sum, which the processor multiplies and adds in one instruction.

/// Queries a strip; even, so that pairs of queries never cross it.
enum { STRIP = 48 };
/// Rows and vectors of the block of sums that stays in registers.
#ifndef TILE_ROWS
#define TILE_ROWS 6
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 4
#endif

/// c (rows, columns) (+)= a (rows, depth) · b (depth, columns); columns in whole vectors, strides in words.
typedef struct {
  const uint32_t *a;
  long a_row, a_step;
  const uint32_t *b;
  long b_step;
  long depth;
  float *c;
  long c_row;
  int accumulate;
} product;

INLINE void product_tile(const product *p, long row, long column, const int rows, const int vectors,
                         const int paired) {
  FUSE
  lanes sums[TILE_ROWS][TILE_VECTORS];
  float *c = p->c + row * p->c_row + column;
  UNROLL
  for (int r = 0; r < rows; r++) {
    UNROLL
    for (int v = 0; v < vectors; v++)
      sums[r][v] = p->accumulate ? *(loose_lanes *)(c + r * p->c_row + v * LANES) : (lanes){0};
  }
  const uint32_t *a = p->a + row * p->a_row, *b = p->b + column;
  for (long k = 0; k < p->depth; k++, a += p->a_step, b += p->b_step) {
    loose_lanes right[TILE_VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) right[v] = *(const loose_lanes *)(b + v * LANES);
    UNROLL
    for (int r = 0; r < rows; r++) {
      lanes left = all(*(const float *)(a + r * p->a_row));
      UNROLL
      for (int v = 0; v < vectors; v++) {
#ifdef HAS_BFLOAT16
        if (paired) {
          sums[r][v] = (lanes)_mm512_dpbf16_ps((__m512)sums[r][v], (__m512bh)left, (__m512bh)right[v]);
          continue;
        }
#endif
        sums[r][v] += left * right[v];
      }
    }
  }
  UNROLL
  for (int r = 0; r < rows; r++) {
    UNROLL
    for (int v = 0; v < vectors; v++) *(loose_lanes *)(c + r * p->c_row + v * LANES) = sums[r][v];
  }
}

#define TILE_CASE(n, vectors) \
  case n: product_tile(p, row, column, n < TILE_ROWS ? n : TILE_ROWS, vectors, paired); break;
INLINE void product_column(const product *p, long rows, long column, const int vectors, const int paired) {
  long row = 0;
  for (; row + TILE_ROWS <= rows; row += TILE_ROWS) product_tile(p, row, column, TILE_ROWS, vectors, paired);
  switch (rows - row) {
    TILE_CASE(1, vectors)
    TILE_CASE(2, vectors)
    TILE_CASE(3, vectors)
    TILE_CASE(4, vectors)
    TILE_CASE(5, vectors)
  }
}

#define COLUMN_CASE(n) \
  case n: product_column(&p, rows, column, n < TILE_VECTORS ? n : TILE_VECTORS, paired); break;
static void multiply_words(product p, long rows, long columns, const int paired) {
  long vectors = columns / LANES, blocks = (vectors + TILE_VECTORS - 1) / TILE_VECTORS;
  for (long block = 0; block < blocks; block++) {
    long first = vectors * block / blocks, column = first * LANES;
    switch (vectors * (block + 1) / blocks - first) {
      COLUMN_CASE(1)
      COLUMN_CASE(2)
      COLUMN_CASE(3)
      COLUMN_CASE(4)
    }
  }
}
static void multiply(product p, long rows, long columns, int paired) {
#ifdef HAS_BFLOAT16
  if (paired) return multiply_words(p, rows, columns, 1);
#endif
  multiply_words(p, rows, columns, 0);
}

// --- operands in words ---------------------------------------------------------------------------------------

/// A matrix as it lies in memory: rows of `width` numbers, `stride` apart.
typedef struct {
  const void *start;
  long stride, rows, width;
  chex_element type;
} strided;

INLINE const void *strided_row(const strided *x, long row) {
  return (const char *)x->start + row * x->stride * (x->type == CHEX_BFLOAT16 ? 2 : 4);
}
/// Left operand: each row's words one after the other. out (rows, words of the width).
static void pack_rows(strided x, uint32_t *out, int paired) {
  long words = words_of(x.width, paired);
  for (long r = 0; r < x.rows; r++) {
    const void *row = strided_row(&x, r);
    if (paired) {
      out[r * words + words - 1] = 0;
      memcpy(out + r * words, row, (size_t)x.width * 2);
    } else {
      TYPED(x.type, T, EACH_LANES(c, here, x.width,
                                  store(out + r * words, c, here, load(row, c, here, T), CHEX_FLOAT32);););
    }
  }
}

/// Right operand whose sum runs along rows of x: out (words of the width, whole_lanes(rows)).
static void pack_across(strided x, uint32_t *out, int paired) {
  pack_kernel(x.start, x.type, 1, x.stride, x.width, x.rows, out, paired ? CHEX_BFLOAT16 : CHEX_FLOAT32,
              words_of(x.width, paired), whole_lanes(x.rows));
}

/// Right operand whose sum runs down the rows of x: out (words of the rows, whole_lanes(width)).
static void pack_down(strided x, uint32_t *out, int paired) {
  pack_kernel(x.start, x.type, x.stride, 1, x.rows, x.width, out, paired ? CHEX_BFLOAT16 : CHEX_FLOAT32,
              words_of(x.rows, paired), whole_lanes(x.width));
}

/// Weights of a strip, (rows, columns) floats in whole vectors, as left operands: along keys, and along queries
/// (`down`, (words of the rows, columns)). Floats serve as they are.
static void pack_weights(const float *weights, long rows, long columns, uint16_t *along, uint32_t *down) {
  for (long r = 0; r < rows; r += 2)
    for (long c = 0; c < columns; c += LANES) {
      half_words low = to_bfloat16(*(const loose_lanes *)(weights + r * columns + c)), high = {0};
      if (r + 1 < rows) high = to_bfloat16(*(const loose_lanes *)(weights + (r + 1) * columns + c));
      if (along) {
        *(loose_halves *)(along + r * columns + c) = low;
        *(loose_halves *)(along + (r + 1) * columns + c) = high;
      }
      if (down) *(loose_words *)(down + r / 2 * columns + c) = interleaved(low, high);
    }
}

static void store_rows(const float *from, long from_stride, void *out, chex_element type, long stride, long rows,
                       long width) {
  for (long r = 0; r < rows; r++)
    TYPED(type, T, EACH_LANES(c, here, width, {
            store(out, r * stride + c, here, load(from, r * from_stride + c, here, CHEX_FLOAT32), T);
          }););
}
