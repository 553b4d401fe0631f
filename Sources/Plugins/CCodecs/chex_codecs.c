#include "chex_codecs.h"
