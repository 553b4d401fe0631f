#pragma once

/// What runs on this thread now, for the report of a crash: "task \"local\", draw". NULL where it is the program's own.
const char *chex_running(void);
/// - what: lives as long as the process.
void chex_set_running(const char *what);

/// Ends the process by a trap. The sentence says why: the report of the crash shows it, and where nobody has asked for
/// reports it is printed at once, with what was running.
void chex_fail(const char *sentence) __attribute__((noreturn));

/// Ends the process with status 1 after a sentence, without a backtrace: for want of memory, which no line of code is
/// to blame for.
void chex_end(const char *sentence) __attribute__((noreturn));

/// From now on a crash (trap, bad memory access, abort) writes its backtrace to a file, says on standard error why it
/// happened where that is known, in which file the backtrace is, what was running and what to do, and then ends the
/// process by the signal that came.
/// - remedy: one sentence, copied.
/// - backtrace: path of the file, copied; made when a crash happens.
void chex_report_crashes(const char *remedy, const char *backtrace);
