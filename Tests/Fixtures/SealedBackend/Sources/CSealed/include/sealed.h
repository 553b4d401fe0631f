#pragma once
#include <stddef.h>

// A device whose memory nobody but this file can touch. Each address that is given out lies in a region without any
// right of access; the bytes themselves lie elsewhere, at a distance that only this file knows. Whoever reads or writes
// through such an address dies of it, at once and wherever that is.

typedef struct sealed_arena sealed_arena;

/// NULL where the system refuses.
sealed_arena *sealed_open(size_t bytes);
/// An address within the arena; NULL where it is full.
void *sealed_allocate(sealed_arena *arena, size_t bytes);
void sealed_release(sealed_arena *arena, void *address, size_t bytes);

void sealed_upload(const sealed_arena *arena, const void *host, void *address, size_t bytes);
void sealed_download(const sealed_arena *arena, const void *address, void *host, size_t bytes);
void sealed_copy(const sealed_arena *arena, const void *from, void *to, size_t bytes);
void sealed_fill(const sealed_arena *arena, void *address, float value, long count);

/// Numbers of two bytes are the upper halves of floats.
void sealed_convert(const sealed_arena *arena, const void *x, int x_bytes, void *out, int out_bytes, long count);

typedef enum {
  SEALED_NEGATE, SEALED_ABSOLUTE, SEALED_SIGN, SEALED_RECIPROCAL, SEALED_EXPONENTIAL, SEALED_LOGARITHM,
  SEALED_SQUARE_ROOT, SEALED_RECIPROCAL_SQUARE_ROOT, SEALED_SQUARE, SEALED_SIGMOID, SEALED_TANH, SEALED_GELU,
  SEALED_GELU_DERIVATIVE, SEALED_RELU, SEALED_RELU_DERIVATIVE, SEALED_SILU, SEALED_SILU_DERIVATIVE, SEALED_SINE,
  SEALED_COSINE, SEALED_ERROR_FUNCTION
} sealed_unary;
typedef enum {
  SEALED_ADD, SEALED_SUBTRACT, SEALED_MULTIPLY, SEALED_DIVIDE, SEALED_POWER, SEALED_MAXIMUM, SEALED_MINIMUM,
  SEALED_GREATER, SEALED_GREATER_OR_EQUAL, SEALED_EQUAL
} sealed_binary;

void sealed_map(const sealed_arena *arena, sealed_unary function, const float *x, float *out, long count);

/// At most this many axes.
#define SEALED_RANK 8
/// Sizes of axes, and for up to four arrays the step along each axis in numbers.
typedef struct {
  long rank;
  long sizes[SEALED_RANK];
  long steps[4][SEALED_RANK];
} sealed_axes;

/// out (array 0) = function(a (1), b (2))
void sealed_combine(const sealed_arena *arena, sealed_binary function, const float *a, const float *b, float *out,
                    const sealed_axes *axes);
/// out (0) = a (2) where condition (1) is not 0, else b (3)
void sealed_select(const sealed_arena *arena, const float *condition, const float *a, const float *b, float *out,
                   const sealed_axes *axes);
/// out (0), which holds the beginning, takes x (1) in: a sum, or a maximum.
void sealed_reduce(const sealed_arena *arena, int is_maximum, const float *x, float *out, const sealed_axes *axes);
/// out (0) = x (1), numbers of `bytes` bytes.
void sealed_move(const sealed_arena *arena, const void *x, void *out, int bytes, const sealed_axes *axes);
/// out (m, n) (+)= a (m, k) · b (k, n), either transposed.
void sealed_multiply(const sealed_arena *arena, const float *a, int a_transposed, const float *b, int b_transposed,
                     float *out, long m, long n, long k, int accumulate);
/// out row i = x row rows[i], rows of `bytes` bytes.
void sealed_gather(const sealed_arena *arena, const void *x, const long *rows, long count, void *out, long bytes);
/// out row rows[i] += x row i
void sealed_scatter(const sealed_arena *arena, const float *x, const long *rows, long count, float *out, long columns);
