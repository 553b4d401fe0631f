// Sends changed DICOM files through chex-dicom-worker: fuzz-worker WORKER RUNS FINDINGS CORPUS. Workers may
// die of them; this program, which stands for the one that radiographs are decoded for, must neither die nor
// believe a wrong reply.
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "chex_dicom_protocol.h"

namespace {

using Bytes = std::vector<uint8_t>;

/// A worker is replaced after so many files, as a run of many radiographs would.
constexpr unsigned FILES_PER_WORKER = 10000;
constexpr int MILLISECONDS = 30000;

struct Random {
  uint64_t state = 0x9E3779B97F4A7C15;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
  size_t below(size_t limit) { return size_t(next() % limit); }
};

/// A running worker.
struct Worker {
  pid_t process = -1;
  int socket = -1;
  unsigned files = 0;

  void start(const char *program) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) exit((perror("socketpair"), 1));
    process = fork();
    if (process == 0) {
      dup2(ends[1], STDIN_FILENO);
      dup2(ends[1], STDOUT_FILENO);
      execl(program, program, nullptr);
      _exit(127);
    }
    close(ends[1]);
    socket = ends[0];
    files = 0;
  }
  /// The signal that ended it, 0 where it ended in order or was ended here.
  int stop(bool by_force) {
    if (process < 0) return 0;
    if (by_force) kill(process, SIGKILL);
    close(socket);
    int status = 0;
    waitpid(process, &status, 0);
    process = -1;
    return WIFSIGNALED(status) && !by_force ? WTERMSIG(status) : 0;
  }
};

bool send_all(int socket, const void *bytes, size_t size) {
  auto *next = static_cast<const uint8_t *>(bytes);
  while (size > 0) {
    ssize_t count = send(socket, next, size, MSG_NOSIGNAL);
    if (count <= 0) return false;
    next += count;
    size -= size_t(count);
  }
  return true;
}

enum class Outcome { decoded, refused, died, late, nonsense };

Outcome receive_all(int socket, void *target, size_t size) {
  auto *next = static_cast<uint8_t *>(target);
  while (size > 0) {
    pollfd wanted{socket, POLLIN, 0};
    if (poll(&wanted, 1, MILLISECONDS) == 0) return Outcome::late;
    ssize_t count = recv(socket, next, size, 0);
    if (count <= 0) return Outcome::died;
    next += count;
    size -= size_t(count);
  }
  return Outcome::decoded;
}

Outcome ask(const Worker &worker, const Bytes &file) {
  chex_dicom_request request{};
  request.magic = CHEX_DICOM_REQUEST_MAGIC;
  request.kind = CHEX_DICOM_DECODE;
  request.byte_count = file.size();
  chex_dicom_reply reply;
  if (!send_all(worker.socket, &request, sizeof request)) return Outcome::died;
  if (!send_all(worker.socket, file.data(), file.size())) return Outcome::died;
  Outcome outcome = receive_all(worker.socket, &reply, sizeof reply);
  if (outcome != Outcome::decoded) return outcome;
  if (reply.magic != CHEX_DICOM_REPLY_MAGIC || reply.status > CHEX_DICOM_MEMORY) return Outcome::nonsense;
  if (reply.status != CHEX_DICOM_OK) {
    return reply.pixel_count == 0 && reply.message.text[0] ? Outcome::refused : Outcome::nonsense;
  }
  uint64_t count = uint64_t(reply.header.rows) * reply.header.columns;
  if (count != reply.pixel_count || count > CHEX_DICOM_MOST_PIXELS) return Outcome::nonsense;
  std::vector<float> pixels(count);
  outcome = receive_all(worker.socket, pixels.data(), count * sizeof(float));
  if (outcome != Outcome::decoded) return outcome;
  bool within =
      std::all_of(pixels.begin(), pixels.end(), [](float pixel) { return pixel >= 0 && pixel <= 1; });
  return within ? Outcome::decoded : Outcome::nonsense;
}

/// Changes a few bytes. Pixels are the larger part of a file, so that half of the changes go to what precedes
/// them.
void mutate(Bytes &file, Random &random, const std::vector<Bytes> &seeds) {
  for (size_t changes = 1 + random.below(6); changes > 0 && file.size() > 140; changes--) {
    size_t place = 132 + random.below(file.size() - 132);
    size_t length = 1 + random.below(std::min<size_t>(24, file.size() - place));
    auto at = file.begin() + long(place);
    switch (random.below(8)) {
      case 0: *at = uint8_t(random.next()); break;
      case 1: *at ^= uint8_t(1 << random.below(8)); break;
      case 2: *at = random.below(2) ? 0xFF : 0; break;
      case 3: file.erase(at, at + long(length)); break;
      case 4: {
        Bytes copy(at, at + long(length));
        file.insert(at, copy.begin(), copy.end());
        break;
      }
      case 5: file.resize(place); break;
      case 6: *at = uint8_t(*at + random.below(9) - 4); break;
      default: {
        const Bytes &other = seeds[random.below(seeds.size())];
        size_t from = random.below(other.size()), count = std::min(length, other.size() - from);
        std::copy_n(other.begin() + long(from), std::min(count, file.size() - place), at);
      }
    }
  }
}

std::vector<Bytes> read_seeds(const char *folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> seeds;
  for (const auto &path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

void keep(const Bytes &file, const char *folder, const char *kind, unsigned long number) {
  std::ofstream target(std::string(folder) + "/worker-" + kind + "-" + std::to_string(number),
                       std::ios::binary);
  target.write(reinterpret_cast<const char *>(file.data()), long(file.size()));
}

}  // namespace

int main(int words, char **word) {
  if (words != 5) return fprintf(stderr, "fuzz-worker: expected WORKER RUNS FINDINGS CORPUS\n"), 2;
  std::vector<Bytes> seeds = read_seeds(word[4]);
  if (seeds.empty()) return fprintf(stderr, "fuzz-worker: %s holds no seeds\n", word[4]), 2;
  unsigned long runs = strtoul(word[2], nullptr, 10), counts[5] = {}, signals[65] = {};
  auto start = std::chrono::steady_clock::now();
  Random random;
  Worker worker;
  for (unsigned long run = 0; run < runs; run++) {
    if (worker.process >= 0 && worker.files >= FILES_PER_WORKER) worker.stop(false);
    if (worker.process < 0) worker.start(word[1]);
    Bytes file = seeds[random.below(seeds.size())];
    mutate(file, random, seeds);
    worker.files++;
    Outcome outcome = ask(worker, file);
    counts[size_t(outcome)]++;
    if (outcome == Outcome::decoded || outcome == Outcome::refused) continue;
    int signal = worker.stop(outcome != Outcome::died);
    signals[signal]++;
    // A check of GDCM's own ends a worker in order, with its reply sent before.
    if (outcome == Outcome::died && signal == 0)
      counts[size_t(Outcome::died)]--, run--;
    else
      keep(file, word[3],
           outcome == Outcome::died   ? "death"
           : outcome == Outcome::late ? "hang"
                                      : "nonsense",
           run);
  }
  worker.stop(false);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  printf(
      "worker: %lu executions, 0 crashes of the caller, %lu decoded, %lu refused, %lu worker deaths, "
      "%lu hangs, "
      "%lu wrong replies, %.0f s\n",
      runs, counts[0], counts[1], counts[2], counts[3], counts[4], seconds);
  for (int signal = 1; signal < 65; signal++) {
    if (signals[signal]) printf("worker: signal %d ended %lu workers\n", signal, signals[signal]);
  }
  return counts[4] ? 1 : 0;
}
