/* right: one connection, read line by line through stdio. */
#include "lab.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_PORT = 7008, DEFAULT_COUNT = 40, MOST = 99999, PATIENCE_S = 2 };

static bool ask(FILE *in, int fd)
{
    char line[64];

    if (dprintf(fd, "hello\n") < 0 || !fgets(line, sizeof line, in))
        return false;
    fputs(line, stdout);
    return strcmp(line, "world\n") == 0;
}

int main(int argc, char *argv[])
{
    int answers = 0;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);
    FILE *in = fdopen(fd, "r");
    if (!in)
        return 1;
    while (answers < count) {
        if (!ask(in, fd))
            break;
        answers++;
    }
    fclose(in);
    log_call("close", fd, 0);

    log_event("bye", "answers=%d of=%d", answers, count);
    return answers == count ? 0 : 1;
}
