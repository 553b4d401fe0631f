#include "products.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// oneDNN divides work by OpenMP, as many threads as the calling thread is allowed: one, so that its threads and the
// pool's never compete.
extern void omp_set_num_threads(int) __attribute__((weak));

static void hold_to_one_thread(void) {
  static _Thread_local int held = 0;
  if (held) return;
  if (omp_set_num_threads) omp_set_num_threads(1);
  held = 1;
}

static dnnl_engine_t engine;
__attribute__((constructor)) static void make_engine(void) {
  dnnl_engine_create(&engine, dnnl_cpu, 0);
  // Each new kernel would look for a profiler's library all over the file system.
  dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_NONE);
  // The caller keeps products itself.
  dnnl_set_primitive_cache_capacity(0);
}

static dnnl_stream_t own_stream(void) {
  static _Thread_local dnnl_stream_t stream = NULL;
  if (!stream) dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  return stream;
}

static dnnl_data_type_t data_type(chex_element type) { return type == CHEX_BFLOAT16 ? dnnl_bf16 : dnnl_f32; }

static dnnl_memory_desc_t matrix(long rows, long columns, chex_element type, long row_stride, long column_stride) {
  dnnl_memory_desc_t made;
  dnnl_memory_desc_init_by_strides(&made, 2, (dnnl_dims_t){rows, columns}, data_type(type),
                                   (dnnl_dims_t){row_stride, column_stride});
  return made;
}

// --- operands ------------------------------------------------------------------------------------------------

struct chex_operand {
  dnnl_memory_t memory;
};

long chex_packed_group(long n) { return n >= 64 ? 64 : (n + 15) / 16 * 16; }

/// Groups of columns one after the other; in a group sixteen rows (of pairs, where numbers have two bytes) together.
static dnnl_status_t packed_order(long k, long n, chex_element type, dnnl_memory_desc_t *order) {
  static const dnnl_format_tag_t tags[2][4] = {
      {dnnl_BA16a16b, dnnl_BA16a32b, dnnl_BA16a48b, dnnl_BA16a64b},
      {dnnl_BA16a16b2a, dnnl_BA16a32b2a, dnnl_BA16a48b2a, dnnl_BA16a64b2a}};
  dnnl_format_tag_t tag = tags[type == CHEX_BFLOAT16][chex_packed_group(n) / 16 - 1];
  return dnnl_memory_desc_init_by_tag(order, 2, (dnnl_dims_t){k, n}, data_type(type), tag);
}

static int failed(dnnl_status_t status, const char *what, const char **problem) {
  if (status == dnnl_success) return 0;
  static _Thread_local char sentence[96];
  snprintf(sentence, sizeof sentence, "oneDNN refuses to %s (status %d)", what, (int)status);
  *problem = sentence;
  return 1;
}

static dnnl_memory_t memory_at(const dnnl_memory_desc_t *order, const void *place) {
  dnnl_memory_t made = NULL;
  dnnl_memory_create(&made, order, engine, (void *)place);
  return made;
}

chex_operand *chex_operand_create(long k, long n, chex_element type, void *packed, const char **problem) {
  dnnl_memory_desc_t order;
  if (failed(packed_order(k, n, type, &order), "take an operand", problem)) return NULL;
  chex_operand *made = calloc(1, sizeof *made);
  made->memory = memory_at(&order, packed);
  return made;
}

void chex_operand_destroy(chex_operand *operand) {
  dnnl_memory_destroy(operand->memory);
  free(operand);
}

// --- products ------------------------------------------------------------------------------------------------

struct chex_product {
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t a, out, scratch;
};

chex_product *chex_product_create(chex_product_shape shape, const char **problem) {
  hold_to_one_thread();
  chex_product *made = calloc(1, sizeof *made);
  made->a = matrix(shape.m, shape.k, shape.type, shape.k, 1);
  made->out = matrix(shape.m, shape.n, shape.outType, shape.n, 1);
  dnnl_primitive_attr_t attributes;
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (shape.accumulate) {
    dnnl_post_ops_t after;
    dnnl_post_ops_create(&after);
    dnnl_post_ops_append_sum(after, 1);
    dnnl_primitive_attr_set_post_ops(attributes, after);
    dnnl_post_ops_destroy(after);
  }
  dnnl_memory_desc_t b;
  dnnl_matmul_desc_t operation;
  dnnl_primitive_desc_t description = NULL;
  dnnl_status_t status = packed_order(shape.k, shape.n, shape.type, &b);
  if (status == dnnl_success) status = dnnl_matmul_desc_init(&operation, &made->a, &b, NULL, &made->out);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&description, &operation, attributes, engine, NULL);
  if (status == dnnl_success) {
    made->scratch = *dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    status = dnnl_primitive_create(&made->primitive, description);
    dnnl_primitive_desc_destroy(description);
  }
  dnnl_primitive_attr_destroy(attributes);
  if (!failed(status, "make a product", problem)) return made;
  free(made);
  return NULL;
}

void chex_product_destroy(chex_product *product) {
  dnnl_primitive_destroy(product->primitive);
  free(product);
}

size_t chex_product_scratch(const chex_product *product) { return dnnl_memory_desc_get_size(&product->scratch); }

int chex_product_run(const chex_product *product, const void *a, const chex_operand *b, void *out, void *scratch) {
  hold_to_one_thread();
  dnnl_memory_t own[] = {memory_at(&product->a, a), memory_at(&product->out, out),
                         memory_at(&product->scratch, scratch)};
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, own[0]},
                                 {DNNL_ARG_WEIGHTS, b->memory},
                                 {DNNL_ARG_DST, own[1]},
                                 {DNNL_ARG_SCRATCHPAD, own[2]}};
  dnnl_status_t status = dnnl_primitive_execute(product->primitive, own_stream(), 4, arguments);
  for (int i = 0; i < 3; i++) dnnl_memory_destroy(own[i]);
  return status;
}

const char *chex_onednn_description(void) {
  static char text[64];
  const char *set = "other";
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: set = "sse41"; break;
    case dnnl_cpu_isa_avx: set = "avx"; break;
    case dnnl_cpu_isa_avx2: set = "avx2"; break;
    case dnnl_cpu_isa_avx512_core: set = "avx512_core"; break;
    case dnnl_cpu_isa_avx512_core_vnni: set = "avx512_core_vnni"; break;
    case dnnl_cpu_isa_avx512_core_bf16: set = "avx512_core_bf16"; break;
    default: break;
  }
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d, %s", version->major, version->minor, version->patch, set);
  return text;
}
