#pragma once
#include <stdint.h>
#include "core_fingerprint.h"

/// Raised whenever the meaning of `chex_plugin_information` changes.
#define CHEX_PLUGIN_ABI_VERSION 1

/// Name of the C symbol that every plugin exports: `const chex_plugin_information *chex_plugin(void)`.
#define CHEX_PLUGIN_ENTRY "chex_plugin"

/// What a plugin tells the host before any Swift type crosses the border.
/// The first field never moves, so that a host can refuse any other version.
typedef struct {
  uint32_t abiVersion;
  const char *name;
  const char *version;
  /// `CHEX_CORE_FINGERPRINT` as it was when the plugin was compiled.
  const char *coreFingerprint;
  /// Address of the registry's type metadata, equal to the host's only when both share one core.
  const void *registryType;
  /// Handed back to `registerInto`.
  void *context;
  /// Fills the host's registry. Returns NULL, or a sentence (malloc'ed, freed by the host) if the plugin refused.
  char *(*registerInto)(void *context, void *registry);
} chex_plugin_information;
