/*
 * What the benchmark cannot do in JavaScript: start processes in a network namespace with nothing else in the time that it
 * measures, read what each of them used, and send datagrams as fast as the kernel takes them.
 *
 *   stopwatch NAMESPACE processes PROGRAM [ARGUMENT...]
 *     Starts one process for each text on stdin, where a zero byte ends each text. Several are started at once, and each of
 *     them then has an attachment of its own: a number follows the value of CNI_CONTAINERID, and CNI_IFNAME.
 *   stopwatch NAMESPACE flows SOURCE DESTINATION FIRST_PORT COUNT
 *     Sends COUNT datagrams to as many ports, one after the other: each is the first packet of a flow.
 *
 * Figures go to descriptor 3, as JSON.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PROCESSES = 1000 };

typedef struct {
  pid_t pid;
  int input;
  char container_id[128], interface[16];
} Process;

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double of_timeval(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

/* All of stdin. The size is that of its last byte. */
static char *read_all(size_t *size) {
  size_t room = 1 << 16;
  char *text = malloc(room);
  *size = 0;
  for (;;) {
    if (!text) err(1, "malloc");
    ssize_t got = read(0, text + *size, room - *size);
    if (got < 0) err(1, "stdin");
    if (got == 0) return text;
    *size += got;
    if (*size == room) text = realloc(text, room *= 2);
  }
}

/* A pipe that has all of the text in it already, as long as it may be: nobody writes while the clock runs. */
static int filled_pipe(const char *text, size_t length) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) err(1, "pipe2");
  if (length > 65536 && fcntl(ends[1], F_SETPIPE_SZ, (int)length + 4096) < 0) err(1, "F_SETPIPE_SZ");
  for (size_t done = 0; done < length;) {
    ssize_t got = write(ends[1], text + done, length - done);
    if (got < 0) err(1, "pipe");
    done += got;
  }
  close(ends[1]);
  return ends[0];
}

static void numbered(char *text, size_t size, const char *variable, size_t number) {
  const char *value = getenv(variable);
  int length = snprintf(text, size, "%s-%zu", value ? value : "", number);
  if (length < 0 || (size_t)length >= size) errx(1, "%s is too long", variable);
}

static void start(Process *process, char **words) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, process->input, 0);
  posix_spawn_file_actions_addclose(&actions, 3);
  int failed = posix_spawnp(&process->pid, words[0], &actions, NULL, words, environ);
  if (failed) errx(1, "%s: %s", words[0], strerror(failed));
  posix_spawn_file_actions_destroy(&actions);
}

static int time_processes(char **words) {
  static Process processes[MOST_PROCESSES];
  size_t size, count = 0;
  char *text = read_all(&size);
  for (char *next = text; next < text + size; count++) {
    size_t length = strnlen(next, text + size - next);
    if (count == MOST_PROCESSES) errx(1, "more than %d processes", MOST_PROCESSES);
    processes[count].input = filled_pipe(next, length);
    numbered(processes[count].container_id, sizeof processes[count].container_id, "CNI_CONTAINERID", count);
    numbered(processes[count].interface, sizeof processes[count].interface, "CNI_IFNAME", count);
    next += length + 1;
  }
  double started = milliseconds();
  for (size_t i = 0; i < count; i++) {
    if (count > 1) {
      setenv("CNI_CONTAINERID", processes[i].container_id, 1);
      setenv("CNI_IFNAME", processes[i].interface, 1);
    }
    start(&processes[i], words);
  }
  int failures = 0;
  double user = 0, system = 0;
  long kibibytes = 0, faults = 0;
  for (size_t i = 0; i < count; i++) {
    struct rusage used;
    int status;
    if (wait4(-1, &status, 0, &used) < 0) err(1, "wait4");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) failures++;
    user += of_timeval(used.ru_utime);
    system += of_timeval(used.ru_stime);
    if (used.ru_maxrss > kibibytes) kibibytes = used.ru_maxrss;
    faults += used.ru_minflt + used.ru_majflt;
  }
  dprintf(3,
          "{\"milliseconds\":%.4f,\"failures\":%d,\"processor\":%.3f,\"kibibytes\":%ld,\"faults\":%ld}\n",
          milliseconds() - started, failures, user + system, kibibytes, faults);
  return 0;
}

static struct sockaddr_in address_of(const char *text, unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, text, &address.sin_addr) != 1) errx(1, "no IPv4 address: %s", text);
  return address;
}

/* The kernel carries each datagram through the whole path (pod, node, out) before sendto returns. */
static int time_flows(const char *source, const char *destination, unsigned first, unsigned count) {
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = address_of(source, 0), peer = address_of(destination, 0);
  if (bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0) err(1, "bind %s", source);
  double started = milliseconds();
  for (unsigned i = 0; i < count; i++) {
    peer.sin_port = htons(1 + (first + i) % 65535);
    sendto(descriptor, "12345678", 8, 0, (struct sockaddr *)&peer, sizeof peer);
  }
  dprintf(3, "{\"milliseconds\":%.4f}\n", milliseconds() - started);
  return 0;
}

int main(int count, char **words) {
  if (count < 4) errx(2, "write stopwatch NAMESPACE processes PROGRAM... or flows SOURCE DESTINATION FIRST_PORT COUNT");
  int namespace = open(words[1], O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || setns(namespace, CLONE_NEWNET) != 0) err(1, "%s", words[1]);
  close(namespace);
  if (strcmp(words[2], "processes") == 0) return time_processes(words + 3);
  if (strcmp(words[2], "flows") == 0 && count == 7)
    return time_flows(words[3], words[4], strtoul(words[5], NULL, 10), strtoul(words[6], NULL, 10));
  errx(2, "%s: write processes or flows", words[2]);
}
