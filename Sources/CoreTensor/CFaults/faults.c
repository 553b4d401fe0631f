#include "faults.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static _Thread_local const char *running;
static char remedy_text[1024];
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

static void report(int signal, siginfo_t *information, void *context) {
  (void)information;
  (void)context;
  if (running) {
    say("\nchex-runner: crash in ");
    say(running);
    say("; a plugin must not trap: an index, a force unwrap or a precondition of it failed, which the lines around "
        "this one may name. ");
  } else {
    say("\nchex-runner: crash outside of any plugin. ");
  }
  say(remedy_text);
  say("\n");
  // The former handler runs when the instruction that failed is tried again, or the signal raised again, on return.
  for (int index = 0; index < SIGNALS; index++) {
    sigaction(signals[index], &former[index], NULL);
  }
  if (signal == SIGABRT) raise(SIGABRT);
}

void chex_report_crashes(const char *remedy) {
  static int installed;
  strncpy(remedy_text, remedy, sizeof remedy_text - 1);
  if (installed) return;
  installed = 1;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = report;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int index = 0; index < SIGNALS; index++) {
    sigaction(signals[index], &action, &former[index]);
  }
}
