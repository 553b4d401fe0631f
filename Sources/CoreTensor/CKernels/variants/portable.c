#define VARIANT portable
#define TILE_ROWS 3
#define TILE_VECTORS 1
#include "variant.h"
