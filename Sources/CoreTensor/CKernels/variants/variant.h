// The kernels for one instruction set. The including file names it: VARIANT, and TARGET where the processor must have
// more than the build asks for.
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel_table.h"

// Functions that take vectors are inlined, so that no calling convention matters.
#pragma clang diagnostic ignored "-Wpsabi"

#define PRAGMA(text) _Pragma(#text)
#define TARGET_PRAGMA(features) PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define JOINED(a, b) a##b
#define TABLE(variant) JOINED(chex_kernels_, variant)

#ifdef TARGET
TARGET_PRAGMA(TARGET)
#endif

#include "../bodies/elementwise.h"
#include "../bodies/rows.h"
#include "../bodies/attention.h"
#include "../bodies/primitives.h"
#include "../bodies/images.h"
#include "../bodies/packed_products.h"
#include "../bodies/convolution.h"
// From here on every processor gives the same bits.
#pragma clang fp contract(off)
#include "../bodies/resample.h"
#include "../bodies/blur.h"

#ifdef TARGET
#pragma clang attribute pop
#endif

const chex_kernels TABLE(VARIANT) = {
#define KERNEL(type, name, parameters, arguments) .name = name##_kernel,
#include "kernel_list.h"
#undef KERNEL
};
