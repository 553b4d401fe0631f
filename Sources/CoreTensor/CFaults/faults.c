#include "faults.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "backtrace.h"

#define OUT_OF_MEMORY \
  "out of memory; a smaller batch, model or image and fewer threads need less, or a higher limit (ulimit -v) gives more"

static _Thread_local const char *running;
static _Thread_local const char *failed;
static char remedy_text[1024], backtrace_path[1024];
static int is_installed;
static const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { SIGNALS = sizeof signals / sizeof *signals };
static struct sigaction former[SIGNALS];

const char *chex_running(void) { return running; }
void chex_set_running(const char *what) { running = what; }

// Only calls that are safe in a signal handler.
static void say(const char *text) {
  size_t length = strlen(text);
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

static void say_line(const char *a, const char *b, const char *c) {
  say(a);
  say(b);
  say(c);
  say("\n");
}

void chex_fail(const char *sentence) {
  failed = sentence;
  if (!is_installed) {
    say_line("\n", sentence, "");
    if (running) say_line("in ", running, "");
  }
  __builtin_trap();
}

void chex_end(const char *sentence) {
  say_line("\nchex-runner: ", sentence, "");
  if (running) say_line("chex-runner: it was asked for in ", running, "");
  if (is_installed) say_line("chex-runner: ", remedy_text, "");
  _exit(1);
}

/// The backtrace's file and the reason come first, so that whose code it was is the last thing on a terminal.
static void describe(int signal, siginfo_t *information, void *context) {
  static char reason[1024];
  const struct sigaction *handler = &former[0];
  for (int index = 0; index < SIGNALS; index++) {
    if (signals[index] == signal) handler = &former[index];
  }
  int file = open(backtrace_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file >= 0) {
    chex_write_backtrace(file, handler, signal, information, context);
    chex_backtrace_reason(file, reason, sizeof reason);
    int lacked_memory = !failed && chex_backtrace_is_of_allocation(file);
    close(file);
    if (lacked_memory) {
      unlink(backtrace_path);
      chex_end(OUT_OF_MEMORY);
    }
  }
  say("\n");
  if (failed || reason[0]) say_line("chex-runner: ", failed ? failed : reason, "");
  if (file >= 0) {
    say_line("chex-runner: the backtrace is in ", backtrace_path, "");
  } else {
    say_line("chex-runner: there is no backtrace: cannot write ", backtrace_path, "");
  }
  say_line("chex-runner: ", remedy_text, "");
  if (running) {
    say_line("chex-runner: crash in ", running, "; a plugin must not trap");
  } else {
    say_line("chex-runner: crash outside of any plugin", "", "");
  }
}

static void report(int signal, siginfo_t *information, void *context) {
  static atomic_int is_reported;
  static _Thread_local int is_reporting;
  // Of threads that crash at once one reports; where the report itself crashes, the process ends.
  if (!is_reporting) {
    if (atomic_exchange(&is_reported, 1)) {
      for (;;) pause();
    }
    is_reporting = 1;
    describe(signal, information, context);
  }
  for (int index = 0; index < SIGNALS; index++) {
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigaction(signals[index], &standard, NULL);
  }
  // Other signals come again when the instruction that failed is tried again on return.
  if (information->si_code <= 0 || signal == SIGABRT) raise(signal);
}

void chex_report_crashes(const char *remedy, const char *backtrace_file) {
  strncpy(remedy_text, remedy, sizeof remedy_text - 1);
  strncpy(backtrace_path, backtrace_file, sizeof backtrace_path - 1);
  if (is_installed) return;
  is_installed = 1;
  // Its first call loads a library, which a handler must not.
  void *frame;
  backtrace(&frame, 1);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = report;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int index = 0; index < SIGNALS; index++) {
    sigaction(signals[index], &action, &former[index]);
  }
}
