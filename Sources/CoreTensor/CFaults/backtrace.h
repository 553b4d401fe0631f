#pragma once

#include <signal.h>

/// Writes a backtrace of this thread to a file, which is opened for reading and writing and is empty: by the handler
/// of the Swift runtime where it has one, else by the C library.
/// - former: what handled the signal before.
void chex_write_backtrace(
  int file, const struct sigaction *former, int signal, siginfo_t *information, void *context);

/// What a backtrace by the Swift runtime gives as the reason, and the first place of a source file in it, as one line:
/// "Swift runtime failure: precondition failure, in draw(sample:) + 7 in libA.so at A.swift:3:37".
/// - line: empty where the file says neither.
void chex_backtrace_reason(int file, char *line, int size);

/// Whether the backtrace in `file` is of an allocation for which there was no memory.
int chex_backtrace_is_of_allocation(int file);
