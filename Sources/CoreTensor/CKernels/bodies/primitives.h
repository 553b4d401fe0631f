#include "functions.h"

// Elementwise functions of one, two and three arrays, which every operation can be made of.

/// Each value, or each value times a factor where there are `factors`.
INLINE void mapped(chex_unary function, const float *x, const float *factors, float *out, long count) {
#define CASE(name, expression)                                       \
  case CHEX_##name:                                                  \
    EACH_LANES(i, here, count, {                                     \
      lanes v = load(x, i, here, CHEX_FLOAT32);                      \
      lanes value = expression;                                      \
      if (factors) value = value * load(factors, i, here, CHEX_FLOAT32); \
      store(out, i, here, value, CHEX_FLOAT32);                      \
    });                                                              \
    break;
  switch (function) {
    CASE(NEGATE, -v)
    CASE(ABSOLUTE, magnitude(v))
    CASE(SIGN, sign_of(v))
    CASE(RECIPROCAL, 1.0f / v)
    CASE(EXPONENTIAL, full_exponential(v))
    CASE(LOGARITHM, logarithm(v))
    CASE(SQUARE_ROOT, __builtin_elementwise_sqrt(v))
    CASE(RECIPROCAL_SQUARE_ROOT, 1.0f / __builtin_elementwise_sqrt(v))
    CASE(SQUARE, v * v)
    CASE(SIGMOID, logistic(v))
    CASE(TANH, hyperbolic_tangent(v))
    CASE(GELU, gelu_of(v, CHEX_FLOAT32))
    CASE(GELU_DERIVATIVE, gelu_slope(v, &(lanes){0}, CHEX_FLOAT32))
    CASE(RELU, choose(v < 0, all(0), v))
    CASE(RELU_DERIVATIVE, choose(v > 0, all(1), all(0)))
    CASE(SILU, silu(v))
    CASE(SILU_DERIVATIVE, silu_derivative(v))
    CASE(SINE, sine(v, v))
    CASE(COSINE, cosine(v, v))
    CASE(ERROR_FUNCTION, error_function(v, v))
  }
#undef CASE
}

static void map_kernel(chex_unary function, const float *x, const float *factors, float *out, long count) {
  if (factors) mapped(function, x, factors, out, count);
  else mapped(function, x, NULL, out, count);
}

/// Sixteen numbers from place i on, or one number sixteen times.
INLINE lanes along(const float *x, long i, int here, const long step) {
  return step ? load(x, i, here, CHEX_FLOAT32) : all(*x);
}

/// NaN where one of them is none.
INLINE lanes maximum_of(lanes a, lanes b) { return choose((a > b) | (a != a), a, b); }
INLINE lanes minimum_of(lanes a, lanes b) { return choose((a < b) | (a != a), a, b); }
INLINE lanes one_where(integer_lanes condition) { return choose(condition, all(1), all(0)); }

INLINE void combine_row(chex_binary function, const float *a, const long a_step, const float *b, const long b_step,
                        float *out, long count) {
#define CASE(name, expression)                                                            \
  case CHEX_##name:                                                                       \
    EACH_LANES(i, here, count, {                                                          \
      lanes u = along(a, i, here, a_step), v = along(b, i, here, b_step);                 \
      store(out, i, here, expression, CHEX_FLOAT32);                                      \
    });                                                                                   \
    break;
  switch (function) {
    CASE(ADD, u + v)
    CASE(SUBTRACT, u - v)
    CASE(MULTIPLY, u * v)
    CASE(DIVIDE, u / v)
    CASE(POWER, raised(u, v))
    CASE(MAXIMUM, maximum_of(u, v))
    CASE(MINIMUM, minimum_of(u, v))
    CASE(GREATER, one_where(u > v))
    CASE(GREATER_OR_EQUAL, one_where(u >= v))
    CASE(EQUAL, one_where(u == v))
  }
#undef CASE
}

static void combine_kernel(chex_binary function, chex_strided a, chex_strided b, float *out, long rows, long columns) {
  for (long r = 0; r < rows; r++) {
    const float *u = a.start + r * a.row, *v = b.start + r * b.row;
    float *result = out + r * columns;
    if (a.step && b.step) combine_row(function, u, 1, v, 1, result, columns);
    else if (a.step) combine_row(function, u, 1, v, 0, result, columns);
    else if (b.step) combine_row(function, u, 0, v, 1, result, columns);
    else combine_row(function, u, 0, v, 0, result, columns);
  }
}

static void select_kernel(chex_strided condition, chex_strided a, chex_strided b, float *out, long rows,
                          long columns) {
  for (long r = 0; r < rows; r++) {
    const float *c = condition.start + r * condition.row, *u = a.start + r * a.row, *v = b.start + r * b.row;
    EACH_LANES(i, here, columns, {
      lanes chosen = choose(along(c, i, here, condition.step) != 0, along(u, i, here, a.step), along(v, i, here, b.step));
      store(out, r * columns + i, here, chosen, CHEX_FLOAT32);
    });
  }
}

// --- reductions ----------------------------------------------------------------------------------------------

INLINE lanes reduced(const chex_reduction how, lanes sum, lanes x) {
  return how == CHEX_SUM ? sum + x : maximum_of(sum, x);
}
INLINE float neutral(const chex_reduction how) { return how == CHEX_SUM ? 0 : -INFINITY; }

INLINE float reduced_lanes(const chex_reduction how, lanes x) {
  if (how == CHEX_SUM) return sum_of(x);
  float most = x[0];
  for (int i = 1; i < LANES; i++) most = x[i] > most || x[i] != x[i] ? x[i] : most;
  return most;
}

INLINE float reduced_row(const float *x, long count, const chex_reduction how) {
  // Sums of short stretches are added in double, so that long rows lose no digits.
  const long stretch = 4096;
  double total = neutral(how);
  for (long start = 0; start < count; start += stretch) {
    long end = start + stretch < count ? start + stretch : count, i = start;
    lanes parts[4];
    for (int p = 0; p < 4; p++) parts[p] = all(neutral(how));
    for (; i + 4 * LANES <= end; i += 4 * LANES)
      UNROLL
      for (int p = 0; p < 4; p++)
        parts[p] = reduced(how, parts[p], load(x, i + p * LANES, LANES, CHEX_FLOAT32));
    for (; i < end; i += LANES) {
      int here = smaller(LANES, (int)(end - i));
      parts[0] = reduced(how, parts[0], first_lanes(load(x, i, here, CHEX_FLOAT32), here, neutral(how)));
    }
    float sum = reduced_lanes(how, reduced(how, reduced(how, parts[0], parts[1]), reduced(how, parts[2], parts[3])));
    total = how == CHEX_SUM ? total + sum : (sum > total || sum != sum ? sum : total);
  }
  return (float)total;
}

static void reduce_rows_kernel(chex_reduction how, const float *x, long stride, float *out, long rows, long columns) {
  for (long r = 0; r < rows; r++)
    out[r] = how == CHEX_SUM ? reduced_row(x + r * stride, columns, CHEX_SUM)
                             : reduced_row(x + r * stride, columns, CHEX_MAXIMUM_OF);
}

INLINE void reduced_columns(const float *x, long stride, float *out, long rows, long columns,
                            const chex_reduction how) {
  long c = 0;
  for (; c + 4 * LANES <= columns; c += 4 * LANES) {
    lanes parts[4];
    for (int p = 0; p < 4; p++) parts[p] = all(neutral(how));
    for (long r = 0; r < rows; r++)
      UNROLL
      for (int p = 0; p < 4; p++)
        parts[p] = reduced(how, parts[p], load(x, r * stride + c + p * LANES, LANES, CHEX_FLOAT32));
    for (int p = 0; p < 4; p++) store(out, c + p * LANES, LANES, parts[p], CHEX_FLOAT32);
  }
  for (; c < columns; c += LANES) {
    int here = smaller(LANES, (int)(columns - c));
    lanes part = all(neutral(how));
    for (long r = 0; r < rows; r++) part = reduced(how, part, load(x, r * stride + c, here, CHEX_FLOAT32));
    store(out, c, here, part, CHEX_FLOAT32);
  }
}

static void reduce_columns_kernel(chex_reduction how, const float *x, long stride, float *out, long rows,
                                  long columns) {
  if (how == CHEX_SUM) reduced_columns(x, stride, out, rows, columns, CHEX_SUM);
  else reduced_columns(x, stride, out, rows, columns, CHEX_MAXIMUM_OF);
}

// --- moving --------------------------------------------------------------------------------------------------

INLINE void copy_one_by_one(const char *x, chex_step from, char *out, chex_step to, long rows, long columns,
                            const long size) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++)
      memcpy(out + (r * to.row + c * to.column) * size, x + (r * from.row + c * from.column) * size, size);
}

/// Sixteen rows and columns at a time through registers.
INLINE void copy_transposed(const float *x, long from, float *out, long to, long rows, long columns) {
  for (long c = 0; c < columns; c += LANES)
    for (long r = 0; r < rows; r += LANES) {
      int height = smaller(LANES, (int)(rows - r)), width = smaller(LANES, (int)(columns - c));
      lanes block[LANES];
      // x's rows are out's columns.
      for (int i = 0; i < LANES; i++)
        block[i] = i < width ? load(x, (c + i) * from + r, height, CHEX_FLOAT32) : (lanes){0};
      transpose_lanes(block);
      for (int i = 0; i < height; i++) store(out, (r + i) * to + c, width, block[i], CHEX_FLOAT32);
    }
}

static void copy_plane_kernel(const void *x, chex_step from, void *out, chex_step to, long rows, long columns,
                              chex_element type) {
  const long size = type == CHEX_BFLOAT16 ? 2 : 4;
  if (from.column == 1 && to.column == 1) {
    for (long r = 0; r < rows; r++)
      memcpy((char *)out + r * to.row * size, (const char *)x + r * from.row * size, (size_t)(columns * size));
  } else if (size == 4 && from.row == 1 && to.column == 1) {
    copy_transposed(x, from.column, out, to.row, rows, columns);
  } else if (size == 4 && from.column == 0 && to.column == 1) {
    for (long r = 0; r < rows; r++) {
      float value = ((const float *)x)[r * from.row], *row = (float *)out + r * to.row;
      for (long c = 0; c < columns; c++) row[c] = value;
    }
  } else if (size == 4) {
    copy_one_by_one(x, from, out, to, rows, columns, 4);
  } else {
    copy_one_by_one(x, from, out, to, rows, columns, 2);
  }
}
