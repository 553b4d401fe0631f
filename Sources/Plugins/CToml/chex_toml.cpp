#include "chex_toml.h"
