#include "real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static float half_to_float(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static uint16_t float_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void sealed_convert(const sealed_arena *arena, const void *x, int x_bytes, void *out, int out_bytes, long count) {
  const void *from = real_address(arena, x);
  void *to = real_address(arena, out);
  for (long i = 0; i < count; i++) {
    float value = x_bytes == 4 ? ((const float *)from)[i] : half_to_float(((const uint16_t *)from)[i]);
    if (out_bytes == 4) ((float *)to)[i] = value;
    else ((uint16_t *)to)[i] = float_to_half(value);
  }
}

static const float ROOT_HALF = 0.70710678f, INVERSE_ROOT_TWO_PI = 0.39894228f;

static inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static inline float share(float x) { return 0.5f * erfcf(-x * ROOT_HALF); }

#define EACH(expression) for (long i = 0; i < count; i++) { float v = from[i]; to[i] = expression; } break

void sealed_map(const sealed_arena *arena, sealed_unary function, const float *x, float *out, long count) {
  const float *from = real_address(arena, x);
  float *to = real_address(arena, out);
  switch (function) {
    case SEALED_NEGATE: EACH(-v);
    case SEALED_ABSOLUTE: EACH(fabsf(v));
    case SEALED_SIGN: EACH(v > 0 ? 1 : v < 0 ? -1 : v);
    case SEALED_RECIPROCAL: EACH(1 / v);
    case SEALED_EXPONENTIAL: EACH(expf(v));
    case SEALED_LOGARITHM: EACH(logf(v));
    case SEALED_SQUARE_ROOT: EACH(sqrtf(v));
    case SEALED_RECIPROCAL_SQUARE_ROOT: EACH(1 / sqrtf(v));
    case SEALED_SQUARE: EACH(v * v);
    case SEALED_SIGMOID: EACH(sigmoid(v));
    case SEALED_TANH: EACH(tanhf(v));
    case SEALED_GELU: EACH(v * share(v));
    case SEALED_GELU_DERIVATIVE: EACH(share(v) + v * INVERSE_ROOT_TWO_PI * expf(-0.5f * v * v));
    case SEALED_RELU: EACH(v < 0 ? 0 : v);
    case SEALED_RELU_DERIVATIVE: EACH(v > 0 ? 1 : 0);
    case SEALED_SILU: EACH(v == -INFINITY ? 0 : v * sigmoid(v));
    case SEALED_SILU_DERIVATIVE: EACH(isinf(v) ? (v > 0 ? 1 : 0) : sigmoid(v) * (1 + v * (1 - sigmoid(v))));
    case SEALED_SINE: EACH(sinf(v));
    case SEALED_COSINE: EACH(cosf(v));
    case SEALED_ERROR_FUNCTION: EACH(erff(v));
  }
}

/// Calls STATEMENT for each index of all axes but the last, with the arrays' places p0 to p3.
#define EACH_LINE(axes, ...)                                                                   \
  do {                                                                                               \
    long index[SEALED_RANK] = {0}, p[4] = {0, 0, 0, 0}, last = (axes)->rank - 1, lines = 1;          \
    for (long axis = 0; axis < last; axis++) lines *= (axes)->sizes[axis];                           \
    for (long line = 0; line < lines; line++) {                                                      \
      __VA_ARGS__;                                                                                     \
      for (long axis = last - 1; axis >= 0; axis--) {                                                \
        index[axis]++;                                                                               \
        for (int k = 0; k < 4; k++) p[k] += (axes)->steps[k][axis];                                  \
        if (index[axis] < (axes)->sizes[axis]) break;                                                \
        index[axis] = 0;                                                                             \
        for (int k = 0; k < 4; k++) p[k] -= (axes)->steps[k][axis] * (axes)->sizes[axis];            \
      }                                                                                              \
    }                                                                                                \
  } while (0)

#define PAIR(expression)                                                                             \
  EACH_LINE(axes, {                                                                                  \
    for (long i = 0; i < count; i++) {                                                               \
      float u = left[p[1] + i * step1], v = right[p[2] + i * step2];                                 \
      to[p[0] + i * step0] = expression;                                                             \
    }                                                                                                \
  });                                                                                                \
  break

void sealed_combine(const sealed_arena *arena, sealed_binary function, const float *a, const float *b, float *out,
                    const sealed_axes *axes) {
  const float *left = real_address(arena, a), *right = real_address(arena, b);
  float *to = real_address(arena, out);
  long inner = axes->rank - 1, count = axes->sizes[inner];
  long step0 = axes->steps[0][inner], step1 = axes->steps[1][inner], step2 = axes->steps[2][inner];
  switch (function) {
    case SEALED_ADD: PAIR(u + v);
    case SEALED_SUBTRACT: PAIR(u - v);
    case SEALED_MULTIPLY: PAIR(u * v);
    case SEALED_DIVIDE: PAIR(u / v);
    case SEALED_POWER: PAIR(powf(u, v));
    case SEALED_MAXIMUM: PAIR(u != u || v != v ? u + v : (u > v ? u : v));
    case SEALED_MINIMUM: PAIR(u != u || v != v ? u + v : (u < v ? u : v));
    case SEALED_GREATER: PAIR(u > v ? 1 : 0);
    case SEALED_GREATER_OR_EQUAL: PAIR(u >= v ? 1 : 0);
    case SEALED_EQUAL: PAIR(u == v ? 1 : 0);
  }
}

void sealed_select(const sealed_arena *arena, const float *condition, const float *a, const float *b, float *out,
                   const sealed_axes *axes) {
  const float *chosen = real_address(arena, condition), *left = real_address(arena, a);
  const float *right = real_address(arena, b);
  float *to = real_address(arena, out);
  long inner = axes->rank - 1, count = axes->sizes[inner];
  const long *steps[4] = {axes->steps[0], axes->steps[1], axes->steps[2], axes->steps[3]};
  EACH_LINE(axes, {
    for (long i = 0; i < count; i++) {
      float value = chosen[p[1] + i * steps[1][inner]] != 0 ? left[p[2] + i * steps[2][inner]]
                                                             : right[p[3] + i * steps[3][inner]];
      to[p[0] + i * steps[0][inner]] = value;
    }
  });
}

void sealed_reduce(const sealed_arena *arena, int is_maximum, const float *x, float *out, const sealed_axes *axes) {
  const float *from = real_address(arena, x);
  float *to = real_address(arena, out);
  long inner = axes->rank - 1, count = axes->sizes[inner];
  long step0 = axes->steps[0][inner], step1 = axes->steps[1][inner];
  EACH_LINE(axes, {
    if (is_maximum) {
      for (long i = 0; i < count; i++) {
        float u = to[p[0] + i * step0], v = from[p[1] + i * step1];
        to[p[0] + i * step0] = u != u || v != v ? u + v : (u > v ? u : v);
      }
    } else if (step0 == 0) {
      double sum = 0;
      for (long i = 0; i < count; i++) sum += from[p[1] + i * step1];
      to[p[0]] += (float)sum;
    } else {
      for (long i = 0; i < count; i++) to[p[0] + i * step0] += from[p[1] + i * step1];
    }
  });
}

void sealed_move(const sealed_arena *arena, const void *x, void *out, int bytes, const sealed_axes *axes) {
  const char *from = real_address(arena, x);
  char *to = real_address(arena, out);
  long inner = axes->rank - 1, count = axes->sizes[inner];
  long step0 = axes->steps[0][inner], step1 = axes->steps[1][inner];
  EACH_LINE(axes, {
    for (long i = 0; i < count; i++)
      memcpy(to + (p[0] + i * step0) * bytes, from + (p[1] + i * step1) * bytes, (size_t)bytes);
  });
}

extern void cblas_sgemm(int order, int a_transposed, int b_transposed, int m, int n, int k, float alpha, const float *a,
                        int a_columns, const float *b, int b_columns, float beta, float *c, int c_columns);

void sealed_multiply(const sealed_arena *arena, const float *a, int a_transposed, const float *b, int b_transposed,
                     float *out, long m, long n, long k, int accumulate) {
  enum { ROW_MAJOR = 101, AS_IT_LIES = 111, TRANSPOSED = 112 };
  cblas_sgemm(ROW_MAJOR, a_transposed ? TRANSPOSED : AS_IT_LIES, b_transposed ? TRANSPOSED : AS_IT_LIES, (int)m, (int)n,
              (int)k, 1, real_address(arena, a), (int)(a_transposed ? m : k), real_address(arena, b),
              (int)(b_transposed ? k : n), accumulate ? 1 : 0, real_address(arena, out), (int)n);
}

void sealed_gather(const sealed_arena *arena, const void *x, const long *rows, long count, void *out, long bytes) {
  const char *from = real_address(arena, x);
  char *to = real_address(arena, out);
  for (long i = 0; i < count; i++) memcpy(to + i * bytes, from + rows[i] * bytes, (size_t)bytes);
}

void sealed_scatter(const sealed_arena *arena, const float *x, const long *rows, long count, float *out, long columns) {
  const float *from = real_address(arena, x);
  float *to = real_address(arena, out);
  for (long i = 0; i < count; i++)
    for (long c = 0; c < columns; c++) to[rows[i] * columns + c] += from[i * columns + c];
}
