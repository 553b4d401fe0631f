#pragma once
#include "kernels.h"

/// The kernels as one instruction set has them.
typedef struct {
#define KERNEL(type, name, parameters, arguments) type(*name) parameters;
#include "kernel_list.h"
#undef KERNEL
} chex_kernels;

extern const chex_kernels chex_kernels_portable;
#if defined(__x86_64__)
extern const chex_kernels chex_kernels_avx2, chex_kernels_avx512, chex_kernels_avx512_bf16;
#endif
