/* The limit of the usual way: one process, no lock. Read the file, take one off, write a new file,
   rename it over the old one; again, for the milliseconds given. Prints sales and nanoseconds.
   usage: limit FOLDER MILLISECONDS DURABLE(0|1) */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void write_file(const char *path, long long tickets, int durable) {
  char text[64];
  int length = snprintf(text, sizeof text, "{\"ticket_num\": %lld}\n", tickets);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, length) != length || (durable && fsync(fd))) exit(1);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc != 4 || chdir(argv[1])) return 2;
  long long limit_ns = atoll(argv[2]) * 1000000LL, sold = 0, start, end;
  int durable = atoi(argv[3]);
  write_file("limit.json", 1000000000LL, durable);
  start = end = now_ns();
  while ((end = now_ns()) - start < limit_ns) {
    char text[64], *colon;
    int fd = open("limit.json", O_RDONLY);
    int length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length <= 0) return 1;
    close(fd);
    text[length] = 0;
    if (!(colon = strchr(text, ':'))) return 1;
    write_file("limit.json.tmp", atoll(colon + 1) - 1, durable);
    if (rename("limit.json.tmp", "limit.json")) return 1;
    if (durable) {
      int folder = open(".", O_RDONLY);
      if (folder < 0 || fsync(folder)) return 1;
      close(folder);
    }
    sold++;
  }
  printf("%lld %lld\n", sold, end - start);
  return 0;
}
