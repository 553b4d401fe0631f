#pragma once
#include "clones.h"
#include <stddef.h>
#include <string.h>

// Sixteen pixels at a time, shared by the imaging loops. No fused multiply-add: every processor gives the
// same bits.
#pragma clang fp contract(off)

#define LANES 16

typedef float lanes __attribute__((vector_size(4 * LANES)));
/// The same sixteen numbers at any address.
typedef float loose_lanes __attribute__((vector_size(4 * LANES), aligned(4)));

/// Transposes 16 × 16 numbers: each round rotates the 8 bits of (row, lane) by one, four rounds swap them.
INLINE void transpose(lanes *rows) {
#pragma clang loop unroll(full)
  for (int round = 0; round < 4; round++) {
    lanes mixed[LANES];
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES / 2; i++) {
      mixed[2 * i] = __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                             6, 22, 7, 23);
      mixed[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                                 13, 29, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) rows[i] = mixed[i];
  }
}

/// Stores the first `count` lanes, clipped to [0, 1].
INLINE void store_clipped(float *destination, const lanes *value, int count) {
  lanes clipped = __builtin_elementwise_min(__builtin_elementwise_max(*value, (lanes){0}), (lanes){0} + 1);
  if (count >= LANES) {
    *(loose_lanes *)destination = clipped;
  } else {
    memcpy(destination, &clipped, (size_t)count * sizeof(float));
  }
}

INLINE int smaller(int a, int b) { return a < b ? a : b; }
INLINE size_t padded(int count) { return ((size_t)count + LANES - 1) / LANES * LANES; }
