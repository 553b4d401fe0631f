#include "kernels.h"
int chex_kernels_present(void); int chex_kernels_present(void) { return 1; }
