#if defined(__x86_64__)
#define VARIANT avx512_bf16
#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"
#define HAS_BFLOAT16
#define HAS_AVX512
#include "variant.h"
#endif
