#include "strip_products.h"
#include "transcendental.h"

// Softmax attention of one head, without its N × N weights in memory: a strip of queries at a time, whose weights
// stay in the cache.

// --- a head --------------------------------------------------------------------------------------------------

/// Scratch memory of one head, laid out by `plan`, in words.
typedef struct {
  int paired;
  long queries, keys, key_columns, width_words, width_columns, key_depth;
  uint32_t *query_rows, *key_across, *value_across, *value_down, *key_down, *query_down, *up_rows, *up_down;
  float *weights, *gradients, *out, *key_gradients, *value_gradients;
  uint32_t *along, *down;
} head_plan;

/// Lays out the scratch of a head from `base` on and returns its words.
static long plan(head_plan *p, const chex_head *how, uint32_t *base, int backward) {
#ifdef HAS_BFLOAT16
  p->paired = how->type == CHEX_BFLOAT16;
#else
  p->paired = 0;
#endif
  p->queries = how->queries;
  p->keys = how->keys;
  p->key_columns = whole_lanes(how->keys);
  p->width_words = words_of(how->width, p->paired);
  p->width_columns = whole_lanes(how->width);
  p->key_depth = words_of(how->keys, p->paired);
  long used = 0;
#define TAKE(field, type, words)                \
  p->field = (type *)(base + used);             \
  used += whole_lanes(words);
  TAKE(query_rows, uint32_t, p->queries * p->width_words)
  TAKE(key_across, uint32_t, p->width_words * p->key_columns)
  TAKE(weights, float, STRIP * p->key_columns)
  TAKE(along, uint32_t, STRIP * p->key_columns)
  TAKE(out, float, STRIP * p->width_columns)
  if (!backward) {
    TAKE(value_down, uint32_t, p->key_depth * p->width_columns)
    return used;
  }
  long query_depth = words_of(p->queries, p->paired);
  TAKE(value_across, uint32_t, p->width_words * p->key_columns)
  TAKE(key_down, uint32_t, p->key_depth * p->width_columns)
  TAKE(up_rows, uint32_t, p->queries * p->width_words)
  TAKE(query_down, uint32_t, query_depth * p->width_columns)
  TAKE(up_down, uint32_t, query_depth * p->width_columns)
  TAKE(gradients, float, STRIP * p->key_columns)
  TAKE(down, uint32_t, STRIP * p->key_columns)
  TAKE(key_gradients, float, p->keys * p->width_columns)
  TAKE(value_gradients, float, p->keys * p->width_columns)
#undef TAKE
  return used;
}

static long attention_scratch_kernel(chex_head how, int backward) {
  head_plan p;
  return plan(&p, &how, NULL, backward);
}

INLINE strided queries_of(const chex_head *how, const void *start, long stride) {
  return (strided){start, stride, how->queries, how->width, how->type};
}
INLINE strided keys_of(const chex_head *how, const void *start) {
  return (strided){start, how->keyStride, how->keys, how->width, how->type};
}

/// Asks for the rows of the head that lies beside this one in memory and is likely the next.
INLINE void prefetch_beside(strided x) {
  const long bytes = x.width * (x.type == CHEX_BFLOAT16 ? 2 : 4);
  for (long r = 0; r < x.rows; r++) {
    const char *beside = (const char *)strided_row(&x, r) + bytes;
    for (long line = 0; line < bytes; line += 64) __builtin_prefetch(beside + line, 0, 2);
  }
}

/// The strip's scores, Q Kᵀ, not yet scaled.
static void strip_scores(const head_plan *p, long first, long rows) {
  multiply((product){p->query_rows + first * p->width_words, p->width_words, 1, p->key_across, p->key_columns,
                     p->width_words, p->weights, p->key_columns, 0},
           rows, p->key_columns, p->paired);
}

/// Scores to e^(score - largest), which leaves sums below the number of keys; returns their sum.
INLINE float soften(float *row, long keys, float scale, float *top_score, const int paired) {
  FUSE
  lanes top = all(-INFINITY);
  EACH_LANES(c, here, keys, {
    lanes x = first_lanes(*(loose_lanes *)(row + c) * scale, here, -INFINITY);
    top = larger_of(x, top);
    *(loose_lanes *)(row + c) = x;
  });
  float highest = top[0];
  for (int i = 1; i < LANES; i++) highest = top[i] > highest ? top[i] : highest;
  lanes sums = {0};
  for (long c = 0; c < keys; c += LANES) {
    lanes score = *(loose_lanes *)(row + c) - highest;
    lanes e = paired ? coarse_exponential(score) : exponential(score);
    sums += e;
    *(loose_lanes *)(row + c) = e;
  }
  *top_score = highest;
  return sum_of(sums);
}

static void attention_kernel(chex_head how, float *log_sums, void *out, long out_stride, void *scratch) {
  head_plan p;
  plan(&p, &how, scratch, 0);
  pack_rows(queries_of(&how, how.query, how.queryStride), p.query_rows, p.paired);
  pack_across(keys_of(&how, how.key), p.key_across, p.paired);
  pack_down(keys_of(&how, how.value), p.value_down, p.paired);
  prefetch_beside(queries_of(&how, how.query, how.queryStride));
  prefetch_beside(keys_of(&how, how.key));
  prefetch_beside(keys_of(&how, how.value));
  const long size = how.type == CHEX_BFLOAT16 ? 2 : 4;
  for (long first = 0; first < p.queries; first += STRIP) {
    long rows = p.queries - first < STRIP ? p.queries - first : STRIP;
    float shares[STRIP];
    strip_scores(&p, first, rows);
    for (long r = 0; r < rows; r++) {
      float top, sum, *row = p.weights + r * p.key_columns;
      if (p.paired) sum = soften(row, p.keys, how.scale, &top, 1);
      else sum = soften(row, p.keys, how.scale, &top, 0);
      shares[r] = 1.0f / sum;
      log_sums[first + r] = top + logf(sum);
    }
    const uint32_t *left = (const uint32_t *)p.weights;
    if (p.paired) {
      pack_weights(p.weights, rows, p.key_columns, (uint16_t *)p.along, NULL);
      left = p.along;
    }
    multiply((product){left, words_of(p.key_columns, p.paired), 1, p.value_down, p.width_columns, p.key_depth, p.out,
                       p.width_columns, 0},
             rows, p.width_columns, p.paired);
    for (long r = 0; r < rows; r++)
      for (long c = 0; c < p.width_columns; c++) p.out[r * p.width_columns + c] *= shares[r];
    store_rows(p.out, p.width_columns, (char *)out + first * out_stride * size, how.type, out_stride, rows, how.width);
  }
}

/// Scores and gradients of the weights to weights, e^(score - log Σ), and gradients of the scores.
INLINE void weigh_gradients(float *weights, float *gradients, long keys, float scale, float log_sum, const int exactly) {
  FUSE
  lanes whole = {0}, weighted = {0};
  double exact_whole = 0, exact_weighted = 0;
  EACH_LANES(c, here, keys, {
    lanes score = *(loose_lanes *)(weights + c) * scale - log_sum;
    lanes e = first_lanes(exactly ? exponential(score) : coarse_exponential(score), here, 0);
    lanes gradient = *(loose_lanes *)(gradients + c);
    *(loose_lanes *)(weights + c) = e;
    whole += e;
    weighted += e * gradient;
  });
  if (exactly) {
    REORDER
    for (long c = 0; c < keys; c++) {
      exact_weighted += (double)weights[c] * (double)gradients[c];
      exact_whole += (double)weights[c];
    }
  }
  // A shift of all scores changes nothing, so gradients must add up to zero: what is left over would reach the keys'
  // biases, whose true gradient is zero, and AdamW makes a step of any size out of noise.
  float projection = exactly ? (float)(exact_weighted / exact_whole) : sum_of(weighted) / sum_of(whole);
  for (long c = 0; c < keys; c += LANES) {
    lanes e = *(loose_lanes *)(weights + c);
    *(loose_lanes *)(gradients + c) = e * (*(loose_lanes *)(gradients + c) - projection) * scale;
  }
}

// dV = Pᵀ dO; dP = dO Vᵀ; dS = P ∘ (dP - Σ P dP) · scale; dQ = dS K; dK = dSᵀ Q. P is computed again from S.
static void attention_gradient_kernel(chex_head how, const float *log_sums, const void *up, long up_stride,
                                      chex_head_gradients gradients, void *scratch) {
  head_plan p;
  plan(&p, &how, scratch, 1);
  const long size = how.type == CHEX_BFLOAT16 ? 2 : 4;
  strided queries = queries_of(&how, how.query, how.queryStride), ups = queries_of(&how, up, up_stride);
  pack_rows(queries, p.query_rows, p.paired);
  pack_down(queries, p.query_down, p.paired);
  pack_down(keys_of(&how, how.key), p.key_down, p.paired);
  pack_across(keys_of(&how, how.key), p.key_across, p.paired);
  pack_across(keys_of(&how, how.value), p.value_across, p.paired);
  pack_rows(ups, p.up_rows, p.paired);
  pack_down(ups, p.up_down, p.paired);
  const long key_words = words_of(p.key_columns, p.paired);
  for (long first = 0; first < p.queries; first += STRIP) {
    long rows = p.queries - first < STRIP ? p.queries - first : STRIP, depth = words_of(rows, p.paired);
    strip_scores(&p, first, rows);
    multiply((product){p.up_rows + first * p.width_words, p.width_words, 1, p.value_across, p.key_columns,
                       p.width_words, p.gradients, p.key_columns, 0},
             rows, p.key_columns, p.paired);
    for (long r = 0; r < rows; r++) {
      float *row = p.weights + r * p.key_columns, *gradient = p.gradients + r * p.key_columns;
      if (p.paired) weigh_gradients(row, gradient, p.keys, how.scale, log_sums[first + r], 0);
      else weigh_gradients(row, gradient, p.keys, how.scale, log_sums[first + r], 1);
    }
    const uint32_t *left = (const uint32_t *)p.weights;
    if (p.paired) {
      pack_weights(p.weights, rows, p.key_columns, NULL, p.down);
      left = p.down;
    }
    const long down_first = words_of(first, p.paired) * p.width_columns;
    product sums = {left, 1, p.key_columns, p.up_down + down_first, p.width_columns, depth, p.value_gradients,
                    p.width_columns, first > 0};
    multiply(sums, p.keys, p.width_columns, p.paired);
    left = (const uint32_t *)p.gradients;
    if (p.paired) {
      pack_weights(p.gradients, rows, p.key_columns, (uint16_t *)p.along, p.down);
      left = p.along;
      sums.a = p.down;
    } else {
      sums.a = left;
    }
    multiply((product){left, key_words, 1, p.key_down, p.width_columns, p.key_depth, p.out, p.width_columns, 0},
             rows, p.width_columns, p.paired);
    store_rows(p.out, p.width_columns, (char *)gradients.query + first * gradients.queryStride * size, how.type,
               gradients.queryStride, rows, how.width);
    sums.b = p.query_down + down_first;
    sums.c = p.key_gradients;
    multiply(sums, p.keys, p.width_columns, p.paired);
  }
  store_rows(p.key_gradients, p.width_columns, gradients.key, how.type, gradients.keyStride, p.keys, how.width);
  store_rows(p.value_gradients, p.width_columns, gradients.value, how.type, gradients.keyStride, p.keys, how.width);
}
