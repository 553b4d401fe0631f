#include "plugin_interface.h"

const char *chex_core_fingerprint(void) { return CHEX_CORE_FINGERPRINT; }
