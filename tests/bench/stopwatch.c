/* SPDX-License-Identifier: Apache-2.0
 *
 * Times one command from fork to its end, without the weight of the script that asks.
 *
 *   stopwatch UID GID COMMAND [ARGUMENT...]
 *
 * Runs the command as that user, its output discarded but for errors, and prints nanoseconds, exit
 * code, and the KiB that the largest of its processes had at its peak.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: stopwatch UID GID COMMAND [ARGUMENT...]\n", stderr);
    return 125;
  }
  uid_t uid = (uid_t)strtoul(argv[1], NULL, 10);
  gid_t gid = (gid_t)strtoul(argv[2], NULL, 10);
  if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
                         setresuid(uid, uid, uid) != 0)) {
    perror("stopwatch");
    return 125;
  }
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int status = 0;
  long long start = now();
  pid_t child = vfork();
  if (child == 0) {
    dup2(null, 0);
    dup2(null, 1);
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
    perror("stopwatch");
    return 125;
  }
  long long end = now();
  printf("%lld %d %ld\n", end - start,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), usage.ru_maxrss);
  return 0;
}
