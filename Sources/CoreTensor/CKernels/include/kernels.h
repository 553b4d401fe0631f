#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops over contiguous float32 that the BLAS does not cover. Each works on the range it is given; the caller
// divides work among threads. One portable build: every loop is compiled for several instruction sets and the
// loader picks one at run time.

// --- thread pool ---------------------------------------------------------------------------------------------
/// Calls `body(context, chunk)` once for each chunk in 0..<count and returns when all are done. Chunks run on the
/// pool's threads and the caller's; a call from within a chunk, or while another caller has the pool, runs alone.
void chex_parallel(long count, void (*body)(void *context, long chunk), void *context);
/// Number of threads that `chex_parallel` uses, the caller's included.
void chex_set_threads(int threads);
int chex_threads(void);

// --- elementwise ---------------------------------------------------------------------------------------------
void chex_add(const float *a, const float *b, float *out, long count);
/// out = scale * x
void chex_scale(const float *x, float scale, float *out, long count);
/// out += scale * x
void chex_add_scaled(const float *x, float scale, float *out, long count);
void chex_gelu(const float *x, float *out, long count);
/// dx = dy * gelu'(x)
void chex_gelu_gradient(const float *x, const float *dy, float *dx, long count);
void chex_relu(const float *x, float *out, long count);
void chex_relu_gradient(const float *x, const float *dy, float *dx, long count);
/// out = keep * out + (1 - keep) * x
void chex_moving_average(const float *x, float keep, float *out, long count);
/// Position of the first NaN or infinity, or -1.
long chex_first_non_finite(const float *x, long count);

// --- rows ----------------------------------------------------------------------------------------------------
/// Each of `rows` rows of `columns` values has `bias` added.
void chex_add_row_vector(float *x, const float *bias, long rows, long columns);
/// sums[c] (+)= Σ_r x[r, c]
void chex_sum_rows(const float *x, float *sums, long rows, long columns, int accumulate);

// --- layer norm ----------------------------------------------------------------------------------------------
/// weight and bias may be NULL. mean and inverse deviation of each row are kept for the backward pass.
void chex_layer_norm(const float *x, const float *weight, const float *bias, float epsilon, float *out,
                     float *mean, float *inverse, long rows, long columns);
/// weightSum and biasSum (columns each, may be NULL) receive this range's sums, added to what they hold.
void chex_layer_norm_gradient(const float *x, const float *weight, const float *mean, const float *inverse,
                              const float *dy, float *dx, float *weightSum, float *biasSum, long rows,
                              long columns);

// --- softmax -------------------------------------------------------------------------------------------------
/// In place on `rows` rows of `columns`; logSums receives log Σ exp of each row.
void chex_softmax(float *x, float *logSums, long rows, long columns);
/// x = exp(x - logSums[row]): the same probabilities again.
void chex_softmax_again(float *x, const float *logSums, long rows, long columns);
/// dp (in: gradient of the probabilities; out: gradient of the logits times scale).
void chex_softmax_gradient(const float *p, float *dp, float scale, long rows, long columns);

// --- losses and norms ----------------------------------------------------------------------------------------
double chex_sum_of_squares(const float *x, long count);
double chex_squared_error(const float *a, const float *b, long count);
/// dx = scale * (a - b)
void chex_difference(const float *a, const float *b, float scale, float *dx, long count);

// --- optimiser -----------------------------------------------------------------------------------------------
typedef struct {
  float gradientScale;   // clipping
  float decay;           // 1 - learning rate * weight decay
  float gain1;           // 1 - beta1, rounded once
  float beta2, gain2, epsilon;
  float stepSize;        // learning rate / (1 - beta1^t)
  float secondScale;     // 1 / sqrt(1 - beta2^t)
} chex_adamw;
void chex_adamw_update(float *parameter, const float *gradient, float *first, float *second, chex_adamw how,
                       long count);
