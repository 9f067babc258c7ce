// SPDX-License-Identifier: Apache-2.0
// A program of a container that speaks sd_notify(3): sends each argument to $NOTIFY_SOCKET, one message each. "-barrier"
// waits until whoever listens has let go of a pipe (sd_notify_barrier(3)). Fails with the first that does not arrive.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_text(int socket, const char *text, size_t size, int descriptor) {
  struct iovec part = {(void *)text, size};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.space;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int wait_for_barrier(int socket) {
  int ends[2];
  char byte;
  if (pipe(ends) != 0 || send_text(socket, "BARRIER=1", 9, ends[1]) != 0) return -1;
  close(ends[1]);
  return read(ends[0], &byte, 1) == 0 ? 0 : -1;
}

int main(int argc, char **argv) {
  const char *place = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (place == NULL || strlen(place) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, place);
  const int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (connect(to, (struct sockaddr *)&address, sizeof address) != 0) {
    perror(place);
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    const int result = strcmp(argv[i], "-barrier") == 0 ? wait_for_barrier(to) : send_text(to, argv[i], strlen(argv[i]), -1);
    if (result != 0) {
      perror(argv[i]);
      return 1;
    }
  }
  return 0;
}
