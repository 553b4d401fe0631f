#pragma once

/// What runs on this thread now, for the report of a crash: "task \"local\", draw". NULL where it is the program's own.
const char *chex_running(void);
/// - what: lives as long as the process.
void chex_set_running(const char *what);

/// From now on a crash (trap, bad memory access, abort) says on standard error what was running and what to do, and
/// then goes the way that it would have gone.
/// - remedy: one sentence, copied.
void chex_report_crashes(const char *remedy);
