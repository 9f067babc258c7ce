/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a command one instruction at a time, with all that it forks, and prints where those that are
 * executed for the first time lie in one static program: hexadecimal addresses, in that order.
 *
 *   steps PROGRAM FIRST LAST COMMAND [ARGUMENT...]
 *     PROGRAM      path of the program: steps are taken while a process executes it
 *     FIRST, LAST  hexadecimal addresses of its text
 *
 * Those that outlive the command are followed for a few more seconds. Exits with the command's code; what the command prints goes to standard error.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC };
enum { most_processes = 1 << 22, patience = 20 };

static unsigned char runs_program[most_processes];

static int is_program(pid_t pid, const char *program) {
  char link[64];
  char target[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/exe", pid);
  const ssize_t size = readlink(link, target, sizeof target - 1);
  if (size < 0) return 0;
  target[size] = '\0';
  return strcmp(target, program) == 0;
}

static void stop_waiting(int signal) { (void)signal; }

static void go_on(pid_t pid, int signal) {
  ptrace(runs_program[pid] ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, signal);
}

int main(int count, char **arguments) {
  if (count < 5) {
    fprintf(stderr, "usage: steps PROGRAM FIRST LAST COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const char *program = arguments[1];
  const unsigned long first = strtoul(arguments[2], NULL, 16);
  const unsigned long last = strtoul(arguments[3], NULL, 16);
  unsigned char *seen = calloc(last - first + 1, 1);
  if (seen == NULL) return 2;
  const pid_t command = fork();
  if (command == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execvp(arguments[4], arguments + 4);
    _exit(127);
  }
  /* Without SA_RESTART: it interrupts the wait. */
  const struct sigaction action = {.sa_handler = stop_waiting};
  sigaction(SIGALRM, &action, NULL);
  int status = 0;
  int code = 1;
  waitpid(command, &status, 0);
  ptrace(PTRACE_SETOPTIONS, command, 0, options);
  go_on(command, 0);
  for (;;) {
    const pid_t pid = waitpid(-1, &status, __WALL);
    /* Nobody is left, or those that were left had time enough. */
    if (pid < 0) break;
    if (!WIFSTOPPED(status)) {
      runs_program[pid] = 0;
      if (pid == command) {
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        alarm(patience);
      }
      continue;
    }
    const int event = status >> 16;
    const int signal = WSTOPSIG(status);
    if (event != 0 || (signal == SIGSTOP && runs_program[pid] == 0)) {
      /* A process that is new, or has become another program. */
      runs_program[pid] = is_program(pid, program);
      go_on(pid, 0);
      continue;
    }
    if (signal != SIGTRAP) {
      go_on(pid, signal);
      continue;
    }
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) == 0 && registers.rip >= first && registers.rip <= last &&
        !seen[registers.rip - first]) {
      seen[registers.rip - first] = 1;
      printf("%llx\n", registers.rip);
    }
    go_on(pid, 0);
  }
  return code;
}
