/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a command, with all that it forks, and prints which functions of one static program are entered, in the order
 * in which that happens first. A breakpoint stands at each function until a process has come by.
 *
 *   entries PROGRAM COMMAND [ARGUMENT...] <FUNCTIONS
 *     PROGRAM    path of the program, linked for fixed addresses
 *     FUNCTIONS  their hexadecimal addresses, one a line; those printed are of the same form
 *
 * Processes that outlive the command are followed for a few more seconds. Exits with the command's code; what the
 * command prints goes to standard error.
 */
#define _GNU_SOURCE
#include <fcntl.h>
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
enum { patience = 3, breakpoint = 0xcc, most_processes = 1 << 22 };
enum { is_function = 1, was_entered = 2 };

static unsigned long first = -1UL, last; /* of the functions */
static unsigned char *marks;             /* of each address between them */
static unsigned char *code;              /* as the program has it */
static unsigned char is_traced[most_processes];

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static void read_functions(void) {
  size_t count = 0, room = 1 << 16;
  unsigned long *all = malloc(room * sizeof *all);
  while (all != NULL && scanf("%lx", &all[count]) == 1) {
    if (all[count] < first) first = all[count];
    if (all[count] > last) last = all[count];
    if (++count == room) all = realloc(all, (room *= 2) * sizeof *all);
  }
  if (all == NULL || count == 0) fail("no functions");
  marks = calloc(last - first + 1, 1);
  code = malloc(last - first + 1);
  if (marks == NULL || code == NULL) fail("malloc");
  for (size_t i = 0; i < count; ++i) marks[all[i] - first] = is_function;
  free(all);
}

static int is_program(pid_t pid, const char *program) {
  char link[64];
  char target[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/exe", pid);
  const ssize_t size = readlink(link, target, sizeof target - 1);
  if (size < 0) return 0;
  target[size] = '\0';
  return strcmp(target, program) == 0;
}

static int open_memory(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  const int memory = open(path, O_RDWR | O_CLOEXEC);
  if (memory < 0) fail(path);
  return memory;
}

/* In a process that has just become the program; those that it forks have them, too. */
static void set_breakpoints(pid_t pid) {
  const size_t size = last - first + 1;
  const int memory = open_memory(pid);
  unsigned char *changed = malloc(size);
  if (changed == NULL || pread(memory, code, size, (off_t)first) != (ssize_t)size) fail("reading a process");
  for (size_t i = 0; i < size; ++i) changed[i] = marks[i] == is_function ? breakpoint : code[i];
  if (pwrite(memory, changed, size, (off_t)first) != (ssize_t)size) fail("writing to a process");
  free(changed);
  close(memory);
}

/* Whether it was one of ours that the process stands behind. */
static int pass_breakpoint(pid_t pid) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) return 0;
  const unsigned long address = registers.rip - 1;
  if (address < first || address > last || marks[address - first] == 0) return 0;
  if (marks[address - first] == is_function) printf("%lx\n", address);
  marks[address - first] |= was_entered;
  const long word = ptrace(PTRACE_PEEKTEXT, pid, address, 0);
  ptrace(PTRACE_POKETEXT, pid, address, (word & ~0xffL) | code[address - first]);
  registers.rip = address;
  return ptrace(PTRACE_SETREGS, pid, 0, &registers) == 0;
}

/* The process goes on without us. */
static void let_go(pid_t pid, const char *program) {
  int status;
  kill(pid, SIGSTOP);
  if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) return;
  if (WSTOPSIG(status) == SIGTRAP) pass_breakpoint(pid);
  if (is_program(pid, program)) {
    const int memory = open_memory(pid);
    if (pwrite(memory, code, last - first + 1, (off_t)first) < 0) fail("writing to a process");
    close(memory);
  }
  ptrace(PTRACE_DETACH, pid, 0, 0);
  kill(pid, SIGCONT);
}

static void stop_waiting(int signal) { (void)signal; }

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: entries PROGRAM COMMAND [ARGUMENT...] <FUNCTIONS\n");
    return 2;
  }
  const char *program = arguments[1];
  read_functions();
  const pid_t command = fork();
  if (command == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execvp(arguments[2], arguments + 2);
    _exit(127);
  }
  /* Without SA_RESTART: it interrupts the wait. */
  const struct sigaction action = {.sa_handler = stop_waiting};
  sigaction(SIGALRM, &action, NULL);
  int status = 0;
  int result = 1;
  waitpid(command, &status, 0);
  ptrace(PTRACE_SETOPTIONS, command, 0, options);
  ptrace(PTRACE_CONT, command, 0, 0);
  for (;;) {
    const pid_t pid = waitpid(-1, &status, __WALL);
    /* Nobody is left, or those that were left had time enough. */
    if (pid < 0) break;
    is_traced[pid] = WIFSTOPPED(status);
    if (!WIFSTOPPED(status)) {
      if (pid == command) {
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        alarm(patience);
      }
      continue;
    }
    const int event = status >> 16;
    int signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXEC && is_program(pid, program)) set_breakpoints(pid);
    /* A new process begins with SIGSTOP. */
    if (event != 0 || signal == SIGSTOP || (signal == SIGTRAP && pass_breakpoint(pid))) signal = 0;
    ptrace(PTRACE_CONT, pid, 0, signal);
  }
  for (pid_t pid = 1; pid < most_processes; ++pid) {
    if (is_traced[pid]) let_go(pid, program);
  }
  return result;
}
