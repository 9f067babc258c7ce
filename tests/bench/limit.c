/* SPDX-License-Identifier: Apache-2.0
 *
 * The limit: what the kernel itself takes for a rootless `run`. Every step that such a container
 * needs and nothing else: no configuration, no state, no log, no filter. Engines are measured
 * against it, so that "fast" means the same on every machine.
 *
 * As an ordinary user:
 *   limit [options] LOWER WORK COMMAND [ARGUMENT...]
 *     LOWER     directories of the root file system, as lowerdir= takes them
 *     WORK      an empty directory: upper, work, merged and a few files are made in it
 *     --map=FIRST:COUNT  the subordinate ids of the user (default 100000:65536)
 *     --one-id  map a single id, without newuidmap and newgidmap
 *     --no-net  stay in the caller's network namespace
 *
 * Exits with the command's code, or 125 with a message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
  const char *lower;
  const char *work;
  char **command;
  unsigned first_id;
  unsigned id_count;
  int one_id;
  int no_net;
};

static void fail(const char *what) {
  fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
  _exit(125);
}

static void check(int result, const char *what) {
  if (result < 0) fail(what);
}

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  check(fd, path);
  if (write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}

/* Ids, by the parent ------------------------------------------------------------------------- */

static pid_t start_helper(const char *program, pid_t target, unsigned own,
                          const struct options *options) {
  char pid[16], id[16], first[16], count[16];
  snprintf(pid, sizeof pid, "%d", target);
  snprintf(id, sizeof id, "%u", own);
  snprintf(first, sizeof first, "%u", options->first_id);
  snprintf(count, sizeof count, "%u", options->id_count);
  pid_t helper = vfork();
  if (helper == 0) {
    execlp(program, program, pid, "0", id, "1", "1", first, count, (char *)NULL);
    _exit(127);
  }
  check(helper, "fork");
  return helper;
}

static void finish_helper(pid_t helper, const char *name) {
  int status = 0;
  if (waitpid(helper, &status, 0) < 0 || status != 0) {
    errno = EPERM;
    fail(name);
  }
}

static void map_ids(pid_t child, const struct options *options) {
  if (!options->one_id) {
    pid_t users = start_helper("newuidmap", child, getuid(), options);
    pid_t groups = start_helper("newgidmap", child, getgid(), options);
    finish_helper(users, "newuidmap");
    finish_helper(groups, "newgidmap");
    return;
  }
  char path[64], map[64];
  snprintf(path, sizeof path, "/proc/%d/setgroups", child);
  write_text(path, "deny");
  snprintf(path, sizeof path, "/proc/%d/uid_map", child);
  snprintf(map, sizeof map, "0 %u 1", getuid());
  write_text(path, map);
  snprintf(path, sizeof path, "/proc/%d/gid_map", child);
  snprintf(map, sizeof map, "0 %u 1", getgid());
  write_text(path, map);
}

/* The container, by the child ---------------------------------------------------------------- */

static void bring_up_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(fd, "socket");
  check(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
  close(fd);
}

static void bind_path(const char *source, const char *target) {
  check(mount(source, target, NULL, MS_BIND | MS_REC, NULL), target);
}

static void file_for_bind(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  check(fd, path);
  close(fd);
}

static void mount_root(const struct options *options) {
  char data[4096];
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
  check(chdir(options->work), options->work);
  check(snprintf(data, sizeof data, "lowerdir=%s,upperdir=upper,workdir=work,userxattr",
                 options->lower) < (int)sizeof data
            ? 0
            : -1,
        "lowerdir");
  check(mount("overlay", "merged", "overlay", 0, data), "overlay");
}

static void mount_devices(void) {
  static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
  char source[32], target[32];
  check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
  for (size_t i = 0; i < sizeof devices / sizeof *devices; ++i) {
    snprintf(source, sizeof source, "/dev/%s", devices[i]);
    snprintf(target, sizeof target, "dev/%s", devices[i]);
    file_for_bind(target);
    bind_path(source, target);
  }
  check(mkdir("dev/pts", 0755), "dev/pts");
  check(mkdir("dev/shm", 0755), "dev/shm");
  check(mkdir("dev/mqueue", 0755), "dev/mqueue");
  check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620"),
        "devpts");
  check(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k"),
        "shm");
  check(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mqueue");
  check(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
  check(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
  check(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
  check(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
  check(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
}

static void mount_kernel_views(const struct options *options) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  mkdir("proc", 0755);
  mkdir("sys", 0755);
  mkdir("dev", 0755);
  check(mount("proc", "proc", "proc", flags, NULL), "proc");
  if (options->no_net) {
    bind_path("/sys", "sys");
  } else {
    check(mount("sysfs", "sys", "sysfs", flags | MS_RDONLY, NULL), "sysfs");
    check(mount("cgroup", "sys/fs/cgroup", "cgroup2", flags | MS_RDONLY, NULL), "cgroup");
  }
}

static void mount_files(void) {
  static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
  char source[64], target[64];
  mkdir("etc", 0755);
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
    snprintf(source, sizeof source, "../%s", files[i]);
    snprintf(target, sizeof target, "etc/%s", files[i]);
    file_for_bind(target);
    bind_path(source, target);
  }
}

/* What containers must not see or change, as docker and podman have it. */
static void protect_paths(void) {
  static const char *const masked[] = {
      "proc/acpi",        "proc/asound",      "proc/kcore",    "proc/keys",   "proc/latency_stats",
      "proc/timer_list",  "proc/timer_stats", "proc/sched_debug", "proc/scsi", "proc/interrupts",
      "sys/firmware",     "sys/dev/block",    "sys/devices/virtual/powercap"};
  static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
                                         "proc/sysrq-trigger"};
  for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) {
    if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno == ENOENT) continue;
    check(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k,nr_inodes=1"), masked[i]);
  }
  for (size_t i = 0; i < sizeof readonly / sizeof *readonly; ++i) {
    if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) != 0) {
      if (errno == ENOENT) continue;
      fail(readonly[i]);
    }
    check(mount(NULL, readonly[i], NULL,
                MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
          readonly[i]);
  }
}

static void run_child(const struct options *options, int go) {
  char byte;
  if (read(go, &byte, 1) != 1) _exit(125);
  check(setresgid(0, 0, 0), "setresgid");
  check(setresuid(0, 0, 0), "setresuid");
  check(sethostname("limit", 5), "sethostname");
  if (!options->no_net) bring_up_loopback();
  mount_root(options);
  check(chdir("merged"), "merged");
  mount_kernel_views(options);
  mount_devices();
  mount_files();
  protect_paths();
  check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
  check(umount2(".", MNT_DETACH), "umount");
  check(chdir("/"), "/");
  execvp(options->command[0], options->command);
  fail(options->command[0]);
}

/* -------------------------------------------------------------------------------------------- */

static int usage(void) {
  fputs("usage: limit [--map=FIRST:COUNT] [--one-id] [--no-net] LOWER WORK COMMAND [ARGUMENT...]\n",
        stderr);
  return 125;
}

static int parse(int argc, char **argv, struct options *options) {
  int at = 1;
  options->first_id = 100000;
  options->id_count = 65536;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; ++at) {
    if (strcmp(argv[at], "--one-id") == 0) {
      options->one_id = 1;
    } else if (strcmp(argv[at], "--no-net") == 0) {
      options->no_net = 1;
    } else if (sscanf(argv[at], "--map=%u:%u", &options->first_id, &options->id_count) != 2) {
      return -1;
    }
  }
  if (argc - at < 3) return -1;
  options->lower = argv[at];
  options->work = argv[at + 1];
  options->command = argv + at + 2;
  return 0;
}

static void prepare(const struct options *options) {
  static const char *const directories[] = {"upper", "work", "merged"};
  static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
  int work = open(options->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(work, options->work);
  for (size_t i = 0; i < sizeof directories / sizeof *directories; ++i) {
    if (mkdirat(work, directories[i], 0755) != 0 && errno != EEXIST) fail(directories[i]);
  }
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
    int fd = openat(work, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    check(fd, files[i]);
    close(fd);
  }
  close(work);
}

int main(int argc, char **argv) {
  struct options options = {0};
  int go[2];
  int status = 0;
  if (parse(argc, argv, &options) != 0) return usage();
  prepare(&options);
  check(pipe2(go, O_CLOEXEC), "pipe");
  struct clone_args arguments = {
      .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
               CLONE_NEWCGROUP,
      .exit_signal = SIGCHLD,
  };
  if (!options.no_net) arguments.flags |= CLONE_NEWNET;
  pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  check(child, "clone3");
  if (child == 0) run_child(&options, go[0]);
  map_ids(child, &options);
  if (write(go[1], "", 1) != 1) fail("pipe");
  if (waitpid(child, &status, 0) < 0) fail("wait");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
