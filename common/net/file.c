#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t file_read_at(int dir_fd, const char *path, char *text, size_t size)
{
    size_t len = 0;
    ssize_t n = 0;

    text[0] = '\0';
    int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    int error = errno;
    close(fd);
    errno = error;
    text[len] = '\0';
    return n == -1 && len == 0 ? -1 : (ssize_t)len;
}

ssize_t file_read(const char *path, char *text, size_t size)
{
    return file_read_at(AT_FDCWD, path, text, size);
}

int file_write(const char *path, const char *text)
{
    size_t len = strlen(text);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;

    ssize_t n = write(fd, text, len);
    int error = errno;
    close(fd);
    errno = error;
    return n == (ssize_t)len ? 0 : -1;
}
