/* SPDX-License-Identifier: Apache-2.0
 * The ends of a connection, for containers that have nothing else: linked statically, takes addresses
 * but no names.
 *
 *     netprobe tcp|udp PORT             tells whoever connects, or sends a datagram, who they are: the
 *                                       client's address as the server sees it
 *     netprobe ask tcp|udp ADDRESS PORT prints what such a server says
 *     netprobe get ADDRESS PORT         prints what a web server has at /, without the head
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int describe(const struct sockaddr_in6 *client, char *text, size_t size) {
  char address[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &client->sin6_addr, address, sizeof address);
  return snprintf(text, size, "%s\n", strncmp(address, "::ffff:", 7) == 0 ? address + 7 : address);
}

static int serve(int is_udp, const char *port) {
  const int server = socket(AF_INET6, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in6 place = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port))};
  if (bind(server, (struct sockaddr *)&place, sizeof place) != 0 || (!is_udp && listen(server, 128) != 0)) {
    perror("netprobe");
    return 1;
  }
  for (;;) {
    struct sockaddr_in6 client;
    socklen_t size = sizeof client;
    char text[INET6_ADDRSTRLEN + 2];
    if (is_udp) {
      char datagram[2048];
      if (recvfrom(server, datagram, sizeof datagram, 0, (struct sockaddr *)&client, &size) < 0) continue;
      const int length = describe(&client, text, sizeof text);
      sendto(server, text, (size_t)length, 0, (struct sockaddr *)&client, size);
    } else {
      const int connection = accept(server, (struct sockaddr *)&client, &size);
      if (connection < 0) continue;
      const int length = describe(&client, text, sizeof text);
      if (write(connection, text, (size_t)length) < 0) perror("netprobe");
      /* What is not read when it is closed would break the connection off. */
      shutdown(connection, SHUT_WR);
      while (read(connection, text, sizeof text) > 0) continue;
      close(connection);
    }
  }
}

static int reach(int is_udp, const char *address, const char *port) {
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port))};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  const int is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
  if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1) return -1;
  const int client = socket(is_v6 ? AF_INET6 : AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
  const struct timeval patience = {.tv_sec = 3};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const struct sockaddr *place = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
  return connect(client, place, is_v6 ? sizeof v6 : sizeof v4) == 0 ? client : -1;
}

/* Reads up to the end, at most what the buffer takes. */
static int hear(int client, int is_udp, char *text, size_t size) {
  size_t length = 0;
  ssize_t got = 0;
  while (length + 1 < size && (got = recv(client, text + length, size - 1 - length, 0)) > 0) {
    length += (size_t)got;
    if (is_udp) break;
  }
  text[length] = '\0';
  return length > 0 && got >= 0;
}

static int say(const char *question, int is_udp, const char *address, const char *port) {
  char text[4096];
  const int client = reach(is_udp, address, port);
  if (client < 0 || send(client, question, strlen(question), 0) < 0 || !hear(client, is_udp, text, sizeof text)) {
    perror("netprobe");
    return 1;
  }
  const char *body = strstr(text, "\r\n\r\n");
  fputs(body != NULL ? body + 4 : text, stdout);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 3) return serve(strcmp(arguments[1], "udp") == 0, arguments[2]);
  if (count == 5) return say("who am I\n", strcmp(arguments[2], "udp") == 0, arguments[3], arguments[4]);
  if (count == 4) return say("GET / HTTP/1.0\r\n\r\n", 0, arguments[2], arguments[3]);
  return 2;
}
