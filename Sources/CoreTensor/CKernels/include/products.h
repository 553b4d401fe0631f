#pragma once
#include "kernels.h"

// Matrix products by oneDNN, each on the calling thread alone: the caller divides a product into parts and gives each
// to a thread of the one pool.

/// a (m, k) times b (k, n) to out (m, n), row-major, both operands of `type`; b packed as `chex_pack` leaves it.
typedef struct {
  long m, n, k;
  chex_element type, outType;
  int accumulate;  // add to what out holds; float32 only
} chex_product_shape;

/// A kernel for products of one shape. Any thread may run it, several at once.
typedef struct chex_product chex_product;
/// NULL, and a sentence in `problem`, where oneDNN refuses.
chex_product *chex_product_create(chex_product_shape shape, const char **problem);
void chex_product_destroy(chex_product *product);
/// Bytes of scratch that one run needs, 64-byte aligned.
size_t chex_product_scratch(const chex_product *product);

/// A right operand in place: oneDNN's view of `packed`, which must outlive it.
typedef struct chex_operand chex_operand;
chex_operand *chex_operand_create(long k, long n, chex_element type, void *packed, const char **problem);
void chex_operand_destroy(chex_operand *operand);
/// Columns of a packed operand that lie together.
long chex_packed_group(long n);

/// Runs a product; 0, or oneDNN's status.
int chex_product_run(const chex_product *product, const void *a, const chex_operand *b, void *out, void *scratch);

/// oneDNN's version and the instruction set that it uses, such as "2.6.3, avx512_core_bf16".
const char *chex_onednn_description(void);
