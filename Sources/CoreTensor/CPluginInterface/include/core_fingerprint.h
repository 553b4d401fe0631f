#pragma once
#define CHEX_CORE_FINGERPRINT "0"
