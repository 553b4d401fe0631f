#pragma once
#include <stdint.h>

// The fingerprint tells one core from another: a hash of its sources and its compiler. `scripts/core-fingerprint`
// writes it before each build of the Makefile, and only when it changed. It is not committed, because it would be
// stale after every commit that touches the core and would conflict in every merge. A plain `swift build` of a
// fresh clone works without it: its core and its plugins are then "unset", which is a fingerprint like any other
// (a plugin with a real one is refused), and the host warns that sources were not compared.
#if __has_include("core_fingerprint.h")
#include "core_fingerprint.h"
#else
#define CHEX_CORE_FINGERPRINT "unset"
#endif

/// Raised whenever the meaning of `chex_plugin_information` changes.
#define CHEX_PLUGIN_ABI_VERSION 1

/// Name of the C symbol that every plugin exports: `const chex_plugin_information *chex_plugin(void)`.
#define CHEX_PLUGIN_ENTRY "chex_plugin"

/// Name of the C symbol that only a core exports; a plugin that defines it carries a core of its own.
#define CHEX_CORE_MARK "chex_core_fingerprint"

#ifdef __cplusplus
extern "C" {
#endif

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

/// The type of the symbol `CHEX_PLUGIN_ENTRY`.
typedef const chex_plugin_information *(*chex_plugin_entry)(void);

/// The fingerprint of the core that is loaded. A function in C, so that no compiler can copy its answer into a
/// module that was built against another core.
const char *chex_core_fingerprint(void);

#ifdef __cplusplus
}
#endif
