// SPDX-License-Identifier: Apache-2.0
// What a container's program sees of itself, as one JSON document on standard output. Static: it is the container's
// only program. Most of it are files of procfs as they are; compare.py reads them. Each argument asks for more:
//
//   file:PATH            a file's text
//   path:PATH            what is there, and whether it can be opened to be read and to be written, and holds anything
//   node:TYPE:MAJOR:MINOR  whether such a device can be made, and opened to be read and to be written
//   group:CONTROLLER:FILE  a file of the own control group, below /cgroup
//   call:NAME:ARGUMENT…  a system call, made in a child: its errno, or the signal that it dies of
//   idle                 nothing is said: waits to be killed
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void put_bytes(const char *bytes, size_t size) {
  putchar('"');
  for (size_t i = 0; i < size; ++i) {
    const unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\') {
      printf("\\%c", c);
    } else if (c < 0x20 || c >= 0x7f) {
      printf("\\u%04x", c);
    } else {
      putchar(c);
    }
  }
  putchar('"');
}

static void put_text(const char *text) {
  if (text == NULL) {
    printf("null");
  } else {
    put_bytes(text, strlen(text));
  }
}

// Whether members have been written of the object that is open.
static int has_members;
static void key(const char *name) {
  if (has_members) printf(",\n");
  has_members = 1;
  put_text(name);
  putchar(':');
}
static void open_object(const char *name) {
  key(name);
  putchar('{');
  has_members = 0;
}
static void close_object(void) {
  putchar('}');
  has_members = 1;
}
static void put_number(const char *name, long long value) {
  key(name);
  printf("%lld", value);
}
static void put_member(const char *name, const char *value) {
  key(name);
  put_text(value);
}
// The name of an errno, 0 for none.
static const char *error_name(int error) {
  return error == 0 ? "" : strerrorname_np(error) != NULL ? strerrorname_np(error) : "?";
}

static void put_file(const char *name, const char *path) {
  static char text[1 << 16];
  key(name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t size = 0;
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && size < sizeof text && (got = read(fd, text + size, sizeof text - size)) > 0)
    size += (size_t)got;
  if (got < 0) {
    printf("{\"errno\":\"%s\"}", error_name(errno));
  } else {
    put_bytes(text, size);
  }
  if (fd >= 0) close(fd);
}

static void put_link(const char *name, const char *path) {
  char target[4096];
  const ssize_t size = readlink(path, target, sizeof target - 1);
  key(name);
  if (size < 0) {
    printf("null");
  } else {
    put_bytes(target, (size_t)size);
  }
}

static void put_namespaces(void) {
  static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "time_for_children", "user", "uts"};
  open_object("namespaces");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
    put_link(kinds[i], path);
  }
  close_object();
}

static void put_files(void) {
  static const char *const names[] = {"mountinfo", "status",       "cgroup",          "uid_map",         "gid_map",
                                      "setgroups", "environ",      "cmdline",         "timens_offsets",  "oom_score_adj",
                                      "comm",      "attr/current", "coredump_filter", "timerslack_ns"};
  open_object("proc");
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/%s", names[i]);
    put_file(names[i], path);
  }
  close_object();
}

static void put_limits(void) {
  static const char *const names[] = {"CPU",   "FSIZE",  "DATA",   "STACK",      "CORE",     "RSS",    "NPROC",  "NOFILE",
                                      "MEMLOCK", "AS",   "LOCKS",  "SIGPENDING", "MSGQUEUE", "NICE",   "RTPRIO", "RTTIME"};
  open_object("rlimits");
  for (int i = 0; i < (int)(sizeof names / sizeof *names); ++i) {
    struct rlimit limit;
    char text[64];
    getrlimit((__rlimit_resource_t)i, &limit);
    snprintf(text, sizeof text, "%llu %llu", (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
    put_member(names[i], text);
  }
  close_object();
}

// struct sched_attr, in its first size.
struct attributes {
  unsigned size, policy;
  unsigned long long flags;
  int nice;
  unsigned priority;
  unsigned long long runtime, deadline, period;
};

static void put_scheduling(void) {
  struct attributes attributes = {.size = sizeof attributes};
  syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
  open_object("scheduling");
  put_number("policy", attributes.policy);
  put_number("flags", (long long)attributes.flags);
  put_number("nice", attributes.nice);
  put_number("priority", attributes.priority);
  put_number("runtime", (long long)attributes.runtime);
  put_number("deadline", (long long)attributes.deadline);
  put_number("period", (long long)attributes.period);
  put_number("io priority", syscall(SYS_ioprio_get, 1, 0));
  int mode = -1;
  unsigned long nodes[16] = {0};
  syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, NULL, 0);
  put_number("memory policy", mode);
  put_number("memory nodes", (long long)nodes[0]);
  close_object();
}

static void put_process(void) {
  int signal = -1, reaper = -1;
  prctl(PR_GET_PDEATHSIG, &signal);
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  open_object("process");
  put_number("parent death signal", signal);
  put_number("child subreaper", reaper);
  put_number("dumpable", prctl(PR_GET_DUMPABLE));
  put_number("securebits", prctl(PR_GET_SECUREBITS));
  put_number("keep capabilities", prctl(PR_GET_KEEPCAPS));
  put_number("no new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  put_number("personality", personality(0xffffffff));
  const mode_t mask = umask(0);
  umask(mask);
  put_number("umask", mask);
  put_number("pid", getpid());
  put_number("parent", getppid());
  put_number("group", getpgid(0));
  put_number("session", getsid(0));
  char directory[4096];
  put_member("directory", getcwd(directory, sizeof directory));
  put_link("exe", "/proc/self/exe");
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  put_number("has a controlling terminal", terminal >= 0);
  struct winsize size = {0};
  ioctl(0, TIOCGWINSZ, &size);
  put_number("rows", size.ws_row);
  put_number("columns", size.ws_col);
  char keyring[256] = "";
  const long length = syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, keyring, sizeof keyring - 1);
  put_member("keyring", length < 0 ? error_name(errno) : keyring);
  close_object();
  if (terminal >= 0) close(terminal);
}

static void put_names(void) {
  struct utsname names;
  uname(&names);
  open_object("names");
  put_member("host", names.nodename);
  put_member("domain", names.domainname);
  put_member("machine", names.machine);
  close_object();
}

static void put_descriptors(void) {
  open_object("descriptors");
  DIR *directory = opendir("/proc/self/fd");
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    const int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == dirfd(directory)) continue;
    char path[64], target[256] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    (void)!readlink(path, target, sizeof target - 1);
    char *number = strchr(target, '[');
    if (number != NULL) *number = '\0';
    // Of how it was opened the kernel shows more than counts.
    snprintf(target + strlen(target), 32, " %o", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH));
    put_member(entry->d_name, target);
  }
  if (directory != NULL) closedir(directory);
  close_object();
}

static void put_interfaces(void) {
  open_object("interfaces");
  struct if_nameindex *interfaces = if_nameindex();
  const int inet = socket(AF_INET, SOCK_DGRAM, 0);
  for (struct if_nameindex *entry = interfaces; entry != NULL && entry->if_index != 0; ++entry) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, entry->if_name, IFNAMSIZ - 1);
    ioctl(inet, SIOCGIFFLAGS, &request);
    put_number(entry->if_name, request.ifr_flags & (IFF_UP | IFF_LOOPBACK));
  }
  if (inet >= 0) close(inet);
  close_object();
}

static void describe(const char *path, char *text, size_t size) {
  struct stat info;
  if (lstat(path, &info) != 0) {
    snprintf(text, size, "%s", error_name(errno));
    return;
  }
  char target[256] = "";
  if (S_ISLNK(info.st_mode)) (void)!readlink(path, target, sizeof target - 1);
  // A link's mode says nothing, and those of /proc belong to whoever looks.
  snprintf(text, size, "%o %u:%u %x:%x %s", S_ISLNK(info.st_mode) ? S_IFLNK : info.st_mode, info.st_uid, info.st_gid,
           major(info.st_rdev), minor(info.st_rdev), target);
}

static void put_directory(const char *name, const char *path) {
  open_object(name);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, "..") == 0 || strncmp(entry->d_name, ".new-", 5) == 0) continue;
    char whole[4096], text[512];
    snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
    describe(whole, text, sizeof text);
    put_member(entry->d_name, text);
  }
  if (directory != NULL) closedir(directory);
  close_object();
}

static const char *opening(const char *path, int flags) {
  const int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return error_name(errno);
  close(fd);
  return "";
}

// An entry that no probe has made, this one or another that looks at the same time.
static int is_of_others(const char *name) {
  return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strncmp(name, ".new-", 5) != 0;
}

static void put_path(const char *path) {
  char text[512];
  describe(path, text, sizeof text);
  put_member("is", text);
  put_member("read", opening(path, O_RDONLY));
  put_member("write", opening(path, O_WRONLY));
  struct statfs system;
  put_number("file system", statfs(path, &system) == 0 ? (long long)system.f_type : -1);
  int entries = 0;
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) entries += is_of_others(entry->d_name);
  if (directory != NULL) closedir(directory);
  put_number("is empty", entries == 0);
  char file[4096];
  // Others may look into the same directory at the same time.
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(file, sizeof file, "%s/.new-%ld-%ld", path, now.tv_nsec, (long)getauxval(AT_RANDOM));
  const int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  put_member("create", fd < 0 ? error_name(errno) : "");
  if (fd < 0) return;
  close(fd);
  describe(file, text, sizeof text);
  put_member("created", text);
  unlink(file);
}

static void put_node(char *words) {
  const char type = words[0];
  char *rest = words + 2;
  const unsigned major_number = (unsigned)strtoul(rest, &rest, 10);
  const unsigned minor_number = (unsigned)strtoul(rest + 1, NULL, 10);
  const char *path = "/tmp/node";
  if (mknod(path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0666, makedev(major_number, minor_number)) != 0) {
    put_member("make", error_name(errno));
    return;
  }
  put_member("make", "");
  put_member("read", opening(path, O_RDONLY));
  put_member("write", opening(path, O_WRONLY));
  unlink(path);
}

// The directory of the own group below /cgroup, for a controller's hierarchy, or for "" the unified one.
static void put_group_file(const char *controller, const char *file) {
  FILE *groups = fopen("/proc/self/cgroup", "re");
  char line[4096], path[8192] = "/cgroup/absent";
  while (groups != NULL && fgets(line, sizeof line, groups) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':') + 1;
    char *group = strchr(controllers, ':');
    *group++ = '\0';
    if (strcmp(controllers, controller) != 0) continue;
    const char *mount = *controller == '\0' && access("/cgroup/unified", F_OK) == 0 ? "unified" : controller;
    snprintf(path, sizeof path, "/cgroup/%s/%s/%s", mount, group, file);
  }
  if (groups != NULL) fclose(groups);
  char name[256];
  snprintf(name, sizeof name, "%s/%s", controller, file);
  put_file(name, path);
}

static void put_call(const char *words) {
  static const struct {
    const char *name;
    long number;
  } calls[] = {{"getppid", SYS_getppid},   {"mkdir", SYS_mkdir},       {"chmod", SYS_chmod}, {"kill", SYS_kill},
               {"sysinfo", SYS_sysinfo},   {"socket", SYS_socket},     {"personality", SYS_personality},
               {"getpriority", SYS_getpriority}, {"times", SYS_times}, {"sync", SYS_sync},   {"getcpu", SYS_getcpu}};
  long arguments[6] = {0}, number = -1;
  const size_t length = strcspn(words, ":");
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
    if (strlen(calls[i].name) == length && strncmp(calls[i].name, words, length) == 0) number = calls[i].number;
  }
  const char *rest = words + length;
  for (int i = 0; i < 6 && *rest == ':'; ++i) arguments[i] = (long)strtoull(rest + 1, (char **)&rest, 0);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    _exit(result < 0 ? errno : 0);
  }
  int status = 0;
  char text[64];
  if (child < 0) {
    snprintf(text, sizeof text, "no fork: %s", error_name(errno));
  } else if (waitpid(child, &status, 0) == child && WIFSIGNALED(status)) {
    snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
  } else {
    snprintf(text, sizeof text, "%s", error_name(WEXITSTATUS(status)));
  }
  put_member(words, text);
}

static void answer(char *question) {
  char *colon = strchr(question, ':');
  if (colon == NULL) return;
  char *words = colon + 1;
  if (strncmp(question, "call:", 5) == 0) return put_call(words);
  if (strncmp(question, "file:", 5) == 0) return put_file(words, words);
  if (strncmp(question, "group:", 6) == 0) {
    char *file = strchr(words, ':');
    *file = '\0';
    return put_group_file(words, file + 1);
  }
  open_object(words);
  if (strncmp(question, "path:", 5) == 0) put_path(words);
  if (strncmp(question, "node:", 5) == 0) put_node(words);
  close_object();
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "idle") == 0) {
    for (;;) pause();
  }
  putchar('{');
  // First, before anything is opened here.
  put_descriptors();
  put_namespaces();
  put_files();
  put_limits();
  put_scheduling();
  put_process();
  put_names();
  put_interfaces();
  put_directory("dev", "/dev");
  put_directory("root", "/");
  open_object("asked");
  for (int i = 1; i < argc; ++i) answer(argv[i]);
  close_object();
  printf("}\n");
  return 0;
}
