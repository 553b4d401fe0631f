// Header-only: the C side of the border between host and plugins.
#include "plugin_interface.h"
