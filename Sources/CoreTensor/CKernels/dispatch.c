#include "kernel_table.h"

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

__attribute__((constructor)) static void use_the_best(void) { chex_use_instructions(CHEX_AVX512_BF16); }

#define KERNEL(type, name, parameters, arguments) \
  type chex_##name parameters { return kernels->name arguments; }
#include "kernel_list.h"
#undef KERNEL
