#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops over contiguous numbers that no matrix library covers. Each works on the range it is given; the caller divides
// work among threads. Every kernel is compiled once for each instruction set below, and which of them runs is chosen
// when the program starts, so that one build runs everywhere.

/// How numbers are stored. Kernels compute in float32 whatever they read and write.
typedef enum { CHEX_FLOAT32 = 0, CHEX_BFLOAT16 = 1 } chex_element;

// --- instruction sets ----------------------------------------------------------------------------------------
/// In ascending order: each holds the ones before it.
typedef enum { CHEX_PORTABLE = 0, CHEX_AVX2 = 1, CHEX_AVX512 = 2, CHEX_AVX512_BF16 = 3 } chex_instructions;
/// The best that this processor has.
chex_instructions chex_best_instructions(void);
/// What kernels use now; the best unless another was asked for.
chex_instructions chex_current_instructions(void);
/// Lets kernels use no more than `most`. Not while kernels run.
void chex_use_instructions(chex_instructions most);

// --- thread pool ---------------------------------------------------------------------------------------------
/// Calls `body(context, chunk)` once for each chunk in 0..<count and returns when all are done. Chunks run on the
/// pool's threads and the caller's; a call from within a chunk, or while another caller has the pool, runs alone.
void chex_parallel(long count, void (*body)(void *context, long chunk), void *context);
/// Number of threads that `chex_parallel` uses, the caller's included.
void chex_set_threads(int threads);
int chex_threads(void);

// --- what kernels take ---------------------------------------------------------------------------------------
typedef struct {
  float gradientScale;   // clipping
  float decay;           // 1 - learning rate * weight decay
  float gain1;           // 1 - beta1, rounded once
  float beta2, gain2, epsilon;
  float stepSize;        // learning rate / (1 - beta1^t)
  float secondScale;     // 1 / sqrt(1 - beta2^t)
  float keep;            // share that a average keeps of itself
} chex_adamw_step;

/// One head: `queries` rows of `width` numbers, `queryStride` apart; keys and values likewise.
typedef struct {
  const void *query, *key, *value;
  long queryStride, keyStride;
  long queries, keys, width;
  float scale;  // of scores before the softmax
  chex_element type;
} chex_head;

/// Where the gradients of one head go.
typedef struct {
  void *query, *key, *value;
  long queryStride, keyStride;
} chex_head_gradients;

/// Functions of one number; the derivatives of those with a kink are 0 there.
typedef enum {
  CHEX_NEGATE, CHEX_ABSOLUTE, CHEX_SIGN, CHEX_RECIPROCAL, CHEX_EXPONENTIAL, CHEX_LOGARITHM, CHEX_SQUARE_ROOT,
  CHEX_RECIPROCAL_SQUARE_ROOT, CHEX_SQUARE, CHEX_SIGMOID, CHEX_TANH, CHEX_GELU, CHEX_GELU_DERIVATIVE, CHEX_RELU,
  CHEX_RELU_DERIVATIVE, CHEX_SILU, CHEX_SILU_DERIVATIVE, CHEX_SINE, CHEX_COSINE, CHEX_ERROR_FUNCTION
} chex_unary;

/// Functions of two numbers; comparisons give 1 or 0.
typedef enum {
  CHEX_ADD, CHEX_SUBTRACT, CHEX_MULTIPLY, CHEX_DIVIDE, CHEX_POWER, CHEX_MAXIMUM, CHEX_MINIMUM, CHEX_GREATER,
  CHEX_GREATER_OR_EQUAL, CHEX_EQUAL
} chex_binary;

typedef enum { CHEX_SUM, CHEX_MAXIMUM_OF } chex_reduction;

/// An operand seen as rows that are `row` numbers apart; a row's numbers lie together, or, where `step` is 0, are one.
typedef struct {
  const float *start;
  long row, step;
} chex_strided;

/// Numbers from one row to the next, and from one column to the next.
typedef struct {
  long row, column;
} chex_step;

/// A convolution by 3 × 3 weights with stride 1 of an image (inputs, height, width) to (outputs, outHeight, outWidth).
typedef struct {
  long inputs, outputs;
  long height, width, padding;
  long outHeight, outWidth;
} chex_tiles;

/// How tiles of 2 × 2 outputs lie in panels of sixteen. An image too narrow to fill one is cut into `pieces` of `rows`
/// rows of tiles, one above another, which lie side by side in a panel; a wide one is one piece. A piece has `across`
/// tiles in a row.
typedef struct {
  long across, pieces, rows, panels_per_row;
} chex_tiling;

static inline chex_tiling chex_tiling_of(const chex_tiles *how) {
  const long across = (how->outWidth + 1) / 2, down = (how->outHeight + 1) / 2;
  long pieces = across > 8 ? 1 : 16 / across;
  if (pieces > down) pieces = down;
  return (chex_tiling){across, pieces, (down + pieces - 1) / pieces, (pieces * across + 15) / 16};
}

/// Sizes of a convolution of one image and one group of channels.
typedef struct {
  long height, width;
  long kernelHeight, kernelWidth;
  long strideY, strideX, paddingY, paddingX, dilationY, dilationX;
  long outHeight, outWidth;
} chex_convolution;

/// A place between two numbers of a line: `first` + share (`second` - `first`).
typedef struct {
  int first, second;
  float share;
} chex_place;

#define KERNEL(type, name, parameters, arguments) type chex_##name parameters;
#include "kernel_list.h"
#undef KERNEL
