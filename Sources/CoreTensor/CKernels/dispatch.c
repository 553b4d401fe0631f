#include "kernel_table.h"

#include <stdlib.h>
#include <string.h>

static chex_instructions limit = CHEX_AVX512_BF16;
static const chex_kernels *kernels;

chex_instructions chex_best_instructions(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CHEX_PORTABLE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return CHEX_AVX2;
  return __builtin_cpu_supports("avx512bf16") ? CHEX_AVX512_BF16 : CHEX_AVX512;
#else
  return CHEX_PORTABLE;
#endif
}

chex_instructions chex_current_instructions(void) {
  chex_instructions best = chex_best_instructions();
  return best < limit ? best : limit;
}

void chex_use_instructions(chex_instructions most) {
  limit = most;
  switch (chex_current_instructions()) {
#if defined(__x86_64__)
    case CHEX_AVX512_BF16: kernels = &chex_kernels_avx512_bf16; break;
    case CHEX_AVX512: kernels = &chex_kernels_avx512; break;
    case CHEX_AVX2: kernels = &chex_kernels_avx2; break;
#endif
    default: kernels = &chex_kernels_portable; break;
  }
}

/// The set that the environment names, the best where it names none.
static chex_instructions named_instructions(void) {
  static const char *const names[] = {"portable", "avx2", "avx512", "avx512_bf16"};
  const char *wanted = getenv("CHEX_INSTRUCTIONS");
  for (int set = CHEX_PORTABLE; wanted && set <= CHEX_AVX512_BF16; set++)
    if (strcmp(wanted, names[set]) == 0) return set;
  return CHEX_AVX512_BF16;
}

// OpenBLAS has threads of its own; with one of them its bits do not depend on their number, and `--threads` is obeyed.
extern void openblas_set_num_threads(int) __attribute__((weak));

__attribute__((constructor)) static void prepare(void) {
  chex_use_instructions(named_instructions());
  if (openblas_set_num_threads) openblas_set_num_threads(1);
}

#define KERNEL(type, name, parameters, arguments) \
  type chex_##name parameters { return kernels->name arguments; }
#include "kernel_list.h"
#undef KERNEL
