#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Largest file that is read. A configuration is a few kilobytes; whatever is larger was named by mistake.
#define CHEX_TOML_LARGEST_FILE (64 * 1024)

/// Most brackets or dotted keys within each other.
#define CHEX_TOML_DEEPEST 32

typedef enum {
  chex_toml_integer,
  chex_toml_number,
  chex_toml_boolean,
  chex_toml_text,
  chex_toml_list,
  chex_toml_table,
  /// Dates and times: `text` as it was written.
  chex_toml_other,
} chex_toml_kind;

/// A value with the place where it was written. Text is UTF-8, may hold zero bytes, and is not terminated.
typedef struct chex_toml_node {
  chex_toml_kind kind;
  /// Line of the file, from 1.
  size_t line;
  /// Name within the table that holds the value; empty elsewhere.
  const char *key;
  size_t keyLength;
  int64_t integer;
  double number;
  int boolean;
  const char *text;
  size_t textLength;
  /// Items of a list, or entries of a table in the order in which they were written.
  const struct chex_toml_node *const *children;
  size_t childCount;
} chex_toml_node;

/// A parsed file, or the reason why there is none. The document owns all nodes and texts.
typedef struct chex_toml_document chex_toml_document;

/// Reads a file. Never throws; NULL only where memory ran out.
chex_toml_document *chex_toml_parse_file(const char *path);

/// Parses `length` bytes at `text`; `name` stands for the file in messages.
chex_toml_document *chex_toml_parse_text(const char *text, size_t length, const char *name);

/// The document's table, or NULL where it could not be read.
const chex_toml_node *chex_toml_root(const chex_toml_document *document);

/// Why the document could not be read; empty where it could. It names neither file nor line.
const char *chex_toml_error(const chex_toml_document *document);

/// Line of the error, from 1; 0 where the error is about the whole file.
size_t chex_toml_error_line(const chex_toml_document *document);

void chex_toml_free(chex_toml_document *document);

#ifdef __cplusplus
}
#endif
