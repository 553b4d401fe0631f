#pragma once
#include "sealed.h"

/// Where the bytes behind an address that was given out really are.
void *real_address(const sealed_arena *arena, const void *address);
