#if defined(__x86_64__)
#define VARIANT avx512
#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#define HAS_AVX512
#include "variant.h"
#endif
