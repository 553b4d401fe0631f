#pragma once
#include "lanes.h"

// The right operand of a product as rows of 32-bit words. A word is a float, or a pair of bfloat16 neighbours along
// the sum, which the processor multiplies and adds in one instruction.

INLINE long words_of(long count, int paired) { return paired ? (count + 1) / 2 : count; }
INLINE long whole_lanes(long count) { return (count + LANES - 1) / LANES * LANES; }

/// Two rows as one of pairs: the first in the lower halves.
INLINE word_lanes interleaved(half_words low, half_words high) {
  return __builtin_convertvector(low, word_lanes) | __builtin_convertvector(high, word_lanes) << 16;
}

INLINE half_words load_halves(const void *x, long i, int count, const chex_element type) {
  if (type == CHEX_FLOAT32) return to_bfloat16(load(x, i, count, type));
  half_words part = {0};
  if (count == LANES) return *(const loose_halves *)((const uint16_t *)x + i);
  memcpy(&part, (const uint16_t *)x + i, (size_t)count * 2);
  return part;
}

/// Sixteen words of x from place i on, along which the sum runs; zero from its `count`-th number on.
INLINE word_lanes load_words(const void *x, long i, long count, const chex_element type, const int paired) {
  if (!paired) return (word_lanes)load(x, i, count < LANES ? (int)count : LANES, type);
  half_words both[2] = {{0}, {0}};
  for (int half = 0; half < 2; half++) {
    long left = count - half * LANES;
    if (left > 0) both[half] = load_halves(x, i + half * LANES, left < LANES ? (int)left : LANES, type);
  }
  word_lanes words;
  memcpy(&words, both, sizeof words);
  return words;
}

/// Sixteen words of each of sixteen columns, transposed; zero beyond `columns` and `depth`.
INLINE void pack_block(const char *x, long column_bytes, long depth, long columns, uint32_t *out, int out_depth,
                       long out_columns, const chex_element type, const int paired) {
  lanes block[LANES];
  UNROLL
  for (int i = 0; i < LANES; i++) {
    long left = i < columns ? depth : 0;
    block[i] = left > 0 ? (lanes)load_words(x + i * column_bytes, 0, left, type, paired) : (lanes){0};
  }
  transpose_lanes(block);
  for (int i = 0; i < out_depth; i++) *(loose_words *)(out + i * out_columns) = (word_lanes)block[i];
}

/// The sum runs along contiguous numbers: sixteen columns at a time are read as rows and transposed.
INLINE void pack_along(const char *x, long column_stride, long depth, long columns, uint32_t *out, long out_depth,
                       long out_columns, const chex_element type, const int paired) {
  const long size = type == CHEX_BFLOAT16 ? 2 : 4, step = paired ? 2 : 1;
  for (long c = 0; c < out_columns; c += LANES)
    for (long d = 0; d < out_depth; d += LANES) {
      const char *from = x + (c * column_stride + d * step) * size;
      uint32_t *to = out + d * out_columns + c;
      long wide = columns - c, deep = depth - d * step;
      if (wide >= LANES && deep >= LANES * step && out_depth - d >= LANES)
        pack_block(from, column_stride * size, LANES * step, LANES, to, LANES, out_columns, type, paired);
      else
        pack_block(from, column_stride * size, deep, wide, to, smaller(LANES, (int)(out_depth - d)), out_columns,
                   type, paired);
    }
}

/// The sum runs down the rows.
INLINE void pack_rows_down(const char *x, long row_stride, long depth, long columns, uint32_t *out, long out_depth,
                           long out_columns, const chex_element type, const int paired) {
  const long row_bytes = row_stride * (type == CHEX_BFLOAT16 ? 2 : 4), step = paired ? 2 : 1;
  for (long d = 0; d < out_depth; d++) {
    const char *row = x + d * step * row_bytes;
    int has_row = d * step < depth, has_next = paired && d * step + 1 < depth;
    for (long c = 0; c < out_columns; c += LANES) {
      int here = columns - c > LANES ? LANES : columns > c ? (int)(columns - c) : 0;
      word_lanes words = {0};
      if (has_row && !paired) words = (word_lanes)load(row, c, here, type);
      if (has_row && paired) {
        half_words high = {0};
        if (has_next) high = load_halves(row + row_bytes, c, here, type);
        words = interleaved(load_halves(row, c, here, type), high);
      }
      *(loose_words *)(out + d * out_columns + c) = words;
    }
  }
}

static void pack_kernel(const void *x, chex_element type, long row_stride, long column_stride, long depth,
                        long columns, void *out, chex_element out_type, long out_depth, long out_columns) {
  TYPED(type, T, TYPED(out_type, TO, {
          const int paired = TO == CHEX_BFLOAT16;
          if (column_stride == 1)
            pack_rows_down(x, row_stride, depth, columns, out, out_depth, out_columns, T, paired);
          else
            pack_along(x, column_stride, depth, columns, out, out_depth, out_columns, T, paired);
        }););
}
