#pragma once

// Compiled once for each instruction set; the loader picks at run time, so that one build runs everywhere.
// The package compiles this folder with hidden visibility: the code that picks would else read addresses that the
// loader has not filled in yet.
#if defined(__x86_64__) && !defined(CHEX_PORTABLE_KERNELS)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
// Sums may be reordered within one range (never between ranges): needed to vectorise them.
#define REORDER _Pragma("clang fp reassociate(on) contract(fast)")
#define FUSE _Pragma("clang fp contract(fast)")
