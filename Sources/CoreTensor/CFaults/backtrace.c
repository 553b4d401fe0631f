#define _GNU_SOURCE
#include "backtrace.h"

#include <execinfo.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// Everything here runs in a signal handler: no memory is allocated, and buffers are static.

/// Takes colours out, which the runtime writes where the program was started in a terminal.
static void remove_colours(int file) {
  static char buffer[4096];
  off_t from = 0, to = 0;
  int escaped = 0;
  for (ssize_t count; (count = pread(file, buffer, sizeof buffer, from)) > 0; from += count) {
    ssize_t kept = 0;
    for (ssize_t index = 0; index < count; index++) {
      char byte = buffer[index];
      if (byte == '\033') {
        escaped = 1;
      } else if (!escaped) {
        buffer[kept++] = byte;
      } else if (byte != '[' && (byte < '0' || byte > '?')) {
        escaped = 0;
      }
    }
    if (pwrite(file, buffer, (size_t)kept, to) != kept) return;
    to += kept;
  }
  if (ftruncate(file, to) != 0) return;
}

void chex_write_backtrace(
  int file, const struct sigaction *former, int signal, siginfo_t *information, void *context) {
  if (!(former->sa_flags & SA_SIGINFO) || !former->sa_sigaction) {
    void *frames[128];
    backtrace_symbols_fd(frames, backtrace(frames, 128), file);
    return;
  }
  // The runtime writes to standard error or output, and may ask questions on a terminal.
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int sources[3] = {nothing, file, file}, saved[3];
  for (int stream = 0; stream < 3; stream++) {
    saved[stream] = fcntl(stream, F_DUPFD_CLOEXEC, 3);
    if (sources[stream] >= 0) dup2(sources[stream], stream);
  }
  former->sa_sigaction(signal, information, context);
  for (int stream = 0; stream < 3; stream++) {
    if (saved[stream] < 0) continue;
    dup2(saved[stream], stream);
    close(saved[stream]);
  }
  if (nothing >= 0) close(nothing);
  remove_colours(file);
}

/// Copies text up to `end`, or as much as there is room for.
static void append(char *line, int size, const char *text, const char *end) {
  size_t length = strlen(line), room = (size_t)size - 1 - length, wanted = (size_t)(end - text);
  if (wanted > room) wanted = room;
  memcpy(line + length, text, wanted);
  line[length + wanted] = 0;
}

/// The crashed thread's first frame that has a place in a source file, without its number and address; where there is
/// no debug information, its first frame that has a name.
static const char *first_place(const char *text, const char **end) {
  const char *named = NULL;
  for (const char *line = strstr(text, " crashed:\n"); line && *line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (!strncmp(line, "Thread ", 7)) break;
    size_t length = strcspn(line, "\n");
    const char *number = line + strspn(line, " "), *name = number + strspn(number, "0123456789");
    if (name == number || *name != ' ' || !memmem(line, length, " in ", 4)) continue;
    if (memmem(line, length, "[system]", 8) || memmem(line, length, "<compiler-", 10)) continue;
    const char *address = memmem(line, length, " 0x", 3);
    if (address) name = address + 3 + strspn(address + 3, "0123456789abcdef");
    name += strspn(name, " ");
    int has_place = memmem(line, length, " at /", 5) != NULL;
    if (has_place || !named) {
      named = name;
      *end = line + length;
    }
    if (has_place) break;
  }
  return named;
}

static char text[1 << 16];

/// The backtrace's text, or as much as there is room for; NULL where there is none.
static const char *read_text(int file) {
  ssize_t count = pread(file, text, sizeof text - 1, 0);
  text[count > 0 ? count : 0] = 0;
  return count > 0 ? text : NULL;
}

int chex_backtrace_is_of_allocation(int file) {
  static const char *const signs[] = {"swift_slowAlloc", "Could not allocate memory", "bad_alloc"};
  if (!read_text(file)) return 0;
  for (int index = 0; index < 3; index++)
    if (strstr(text, signs[index])) return 1;
  return 0;
}

void chex_backtrace_reason(int file, char *line, int size) {
  static const char *const headings[] = {"Swift runtime failure: ", "Program crashed: "};
  line[0] = 0;
  if (!read_text(file)) return;
  const char *threads = strstr(text, " crashed:\n");
  for (int index = 0; index < 2 && !line[0]; index++) {
    // The last before the threads: one before it says that a backtrace is being made.
    const char *heading = NULL;
    for (const char *next = text; (next = strstr(next, headings[index])) && next < threads; next++) heading = next;
    if (!heading) continue;
    const char *finish = heading + strcspn(heading, "\r\n"), *stars = memmem(heading, finish - heading, " ***", 4);
    append(line, size, heading, stars ? stars : finish);
  }
  const char *end, *place = first_place(text, &end);
  if (!place) return;
  const char *joint = line[0] ? ", in " : "in ";
  append(line, size, joint, joint + strlen(joint));
  append(line, size, place, end);
}
