/* Returns once a .c file in the folder has been written: build/watch FOLDER.
 * An editor that writes a new file and renames it counts as well. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int is_source(const char *name)
{
    size_t len = strlen(name);

    return len > 2 && strcmp(name + len - 2, ".c") == 0;
}

int main(int argc, char *argv[])
{
    char buffer[4096]
        __attribute__((aligned(__alignof__(struct inotify_event))));

    if (argc != 2) {
        fprintf(stderr, "usage: watch FOLDER\n");
        return 2;
    }
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd == -1 ||
        inotify_add_watch(fd, argv[1], IN_CLOSE_WRITE | IN_MOVED_TO) == -1) {
        fprintf(stderr, "watch: %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        for (char *p = buffer; n > 0 && p < buffer + n;) {
            const struct inotify_event *event = (const void *)p;
            if (event->len > 0 && is_source(event->name))
                return 0;
            p += sizeof *event + event->len;
        }
        if (n == -1 && errno != EINTR)
            return 2;
    }
}
