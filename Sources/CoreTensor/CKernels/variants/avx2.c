#if defined(__x86_64__)
#define VARIANT avx2
#define TARGET "avx2,fma"
#define TILE_ROWS 6
#define TILE_VECTORS 1
#include "variant.h"
#endif
