#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

// Sixteen numbers at a time. A processor with narrower registers works on two or four of them.

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// Sums may be reordered within one call (never between calls): needed to vectorise them.
#define REORDER _Pragma("clang fp reassociate(on) contract(fast)")
#define FUSE _Pragma("clang fp contract(fast)")

#define LANES 16

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t integer_lanes __attribute__((vector_size(4 * LANES)));
typedef uint32_t word_lanes __attribute__((vector_size(4 * LANES)));
typedef uint16_t half_words __attribute__((vector_size(2 * LANES)));
/// The same at any address.
typedef float loose_lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint32_t loose_words __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint16_t loose_halves __attribute__((vector_size(2 * LANES), aligned(2)));

INLINE int smaller(int a, int b) { return a < b ? a : b; }
INLINE size_t padded(int count) { return ((size_t)count + LANES - 1) / LANES * LANES; }
/// Subtracting zero changes no number, so that this is one instruction; adding zero would change -0.
INLINE lanes all(float value) { return value - (lanes){0}; }
INLINE lanes choose(integer_lanes condition, lanes yes, lanes no) {
  return (lanes)((condition & (integer_lanes)yes) | (~condition & (integer_lanes)no));
}
/// b where one of them is no number.
INLINE lanes larger_of(lanes a, lanes b) { return choose(a > b, a, b); }

/// The first `count` lanes; `rest` in the others.
INLINE lanes first_lanes(lanes x, int count, float rest) {
  const integer_lanes numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return count == LANES ? x : choose(numbers < count, x, all(rest));
}

INLINE float sum_of(lanes x) {
  REORDER
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += x[i];
  return sum;
}

// --- element types -------------------------------------------------------------------------------------------

INLINE lanes from_bfloat16(half_words x) { return (lanes)(__builtin_convertvector(x, word_lanes) << 16); }

/// Rounds to nearest, ties to even; NaN stays NaN.
INLINE half_words to_bfloat16(lanes x) {
#ifdef HAS_BFLOAT16
  return (half_words)_mm512_cvtneps_pbh((__m512)x);
#else
  word_lanes bits = (word_lanes)x;
  word_lanes rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  word_lanes kept = (word_lanes)(x == x);
  return __builtin_convertvector((kept & rounded) | (~kept & (bits >> 16 | 0x40)), half_words);
#endif
}

/// `count` ≤ 16 numbers from place i of an array of `type`; the rest are zero.
INLINE lanes load(const void *array, long i, int count, chex_element type) {
  if (type == CHEX_BFLOAT16) {
    const uint16_t *place = (const uint16_t *)array + i;
    if (count == LANES) return from_bfloat16(*(const loose_halves *)place);
    half_words part = {0};
    memcpy(&part, place, (size_t)count * 2);
    return from_bfloat16(part);
  }
  const float *place = (const float *)array + i;
  if (count == LANES) return *(const loose_lanes *)place;
  lanes part = {0};
  memcpy(&part, place, (size_t)count * 4);
  return part;
}

INLINE void store(void *array, long i, int count, lanes value, chex_element type) {
  if (type == CHEX_BFLOAT16) {
    uint16_t *place = (uint16_t *)array + i;
    half_words rounded = to_bfloat16(value);
    if (count == LANES) *(loose_halves *)place = rounded;
    else memcpy(place, &rounded, (size_t)count * 2);
  } else {
    float *place = (float *)array + i;
    if (count == LANES) *(loose_lanes *)place = value;
    else memcpy(place, &value, (size_t)count * 4);
  }
}

/// Runs what follows for `i` in steps of sixteen, `here` of them at a time: all sixteen, then what is left.
#define EACH_LANES(i, here, count, ...)                   \
  do {                                                    \
    long i = 0;                                           \
    for (; i + LANES <= (count); i += LANES) {            \
      const int here = LANES;                             \
      __VA_ARGS__                                         \
    }                                                     \
    if (i < (count)) {                                    \
      const int here = (int)((count)-i);                  \
      __VA_ARGS__                                         \
    }                                                     \
  } while (0)

/// Compiles what follows once for each element type, as the constant `T`.
#define TYPED(type, T, ...)                  \
  do {                                       \
    if ((type) == CHEX_BFLOAT16) {           \
      const chex_element T = CHEX_BFLOAT16;  \
      __VA_ARGS__                            \
    } else {                                 \
      const chex_element T = CHEX_FLOAT32;   \
      __VA_ARGS__                            \
    }                                        \
  } while (0)

// --- moving numbers ------------------------------------------------------------------------------------------

/// Transposes 16 × 16 numbers: each round rotates the 8 bits of (row, lane) by one, four rounds swap them.
INLINE void transpose_lanes(lanes *rows) {
  UNROLL
  for (int round = 0; round < 4; round++) {
    lanes mixed[LANES];
    UNROLL
    for (int i = 0; i < LANES / 2; i++) {
      mixed[2 * i] = __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                             6, 22, 7, 23);
      mixed[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                                 13, 29, 14, 30, 15, 31);
    }
    UNROLL
    for (int i = 0; i < LANES; i++) rows[i] = mixed[i];
  }
}

/// Every second number of 32, from the first and from the second one on.
INLINE void apart(const float *x, lanes *even, lanes *odd) {
  lanes low = *(const loose_lanes *)x, high = *(const loose_lanes *)(x + LANES);
  *even = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *odd = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// Two numbers of each lane side by side.
INLINE void store_pairs(float *out, lanes even, lanes odd, long count) {
  lanes low = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  lanes high = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  if (count >= 2 * LANES) {
    *(loose_lanes *)out = low;
    *(loose_lanes *)(out + LANES) = high;
    return;
  }
  store(out, 0, count < LANES ? (int)count : LANES, low, CHEX_FLOAT32);
  if (count > LANES) store(out, LANES, (int)(count - LANES), high, CHEX_FLOAT32);
}

/// Stores the first `count` lanes, clipped to [0, 1].
INLINE void store_clipped(float *destination, const lanes *value, int count) {
  lanes clipped = __builtin_elementwise_min(__builtin_elementwise_max(*value, (lanes){0}), (lanes){0} + 1);
  store(destination, 0, count, clipped, CHEX_FLOAT32);
}
