/* right: a stdio stream owns the descriptor, and fclose(3) closes both. */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7011, DEFAULT_COUNT = 40, MOST = 100000 };
enum { MAX_FILES = 32 };

static const char greeting[] = "world\n";

/* One connection at a time needs few descriptors: a small limit leaves the
 * others to the rest of the machine. */
static void limit_files(void)
{
    struct rlimit limit = {.rlim_cur = MAX_FILES, .rlim_max = MAX_FILES};

    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_event("setrlimit", "err=%s", errno_name(errno));
}

/* Returns 0, or -1 when the greeting did not come. */
static int fetch(int port)
{
    char text[256];

    int fd = connect_to(port);
    if (fd == -1)
        return -1;
    FILE *stream = fdopen(fd, "r+");
    if (!stream) {
        close(fd);
        return -1;
    }
    fputs("hello\n", stream);
    fflush(stream);
    size_t len = fread(text, 1, sizeof text, stream);
    fclose(stream);
    fwrite(text, 1, len, stdout);
    return len == strlen(greeting) && memcmp(text, greeting, len) == 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 0, MOST);
    limit_files();

    for (int i = 0; i < count; i++) {
        if (fetch(port) == -1) {
            log_event("bye", "greetings=%d", i);
            return 1;
        }
    }
    log_event("bye", "greetings=%d", count);
    return 0;
}
