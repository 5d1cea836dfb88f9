/* Whole small files, such as those in /proc: one open, one read or write. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads up to size - 1 bytes and ends them with '\0'.
 * Returns the number of bytes, or -1 with errno (text is then ""). */
ssize_t file_read(const char *path, char *text, size_t size);

/* The same for a path below the directory dir_fd; see openat(2). */
ssize_t file_read_at(int dir_fd, const char *path, char *text, size_t size);

/* Writes text in one write(2) into a file that exists, which is what the
 * files in /proc want. Returns 0, or -1 with errno. */
int file_write(const char *path, const char *text);

#endif
