/*
 * Looking into a process that stands still: its memory, and what the kernel
 * says about its sockets. While it is stopped its socket can be borrowed
 * (pidfd_getfd(2)); where that is forbidden, sock_diag(7) knows less.
 */
#ifndef LOOK_H
#define LOOK_H

#include "events.h"

/* Copies up to n bytes from the process' memory. Returns how many. */
size_t look_memory(pid_t pid, uint64_t address, void *to, size_t n);

/* The port in the socket address there, or 0. */
int look_port(pid_t pid, uint64_t address, uint64_t size);

/* What the kernel says about descriptor fd of a process; all zero when it is
 * no TCP socket. pidfd: of that process. */
void look_socket(pid_t pid, int pidfd, int fd, struct socket_view *view);

/* Takes note of a new TCP socket: the kernel's list has it only once it is
 * bound to a port or connected. */
void look_remember(pid_t pid, int fd);

/* Bytes received and not read in all sockets of a process. */
int look_unread(pid_t pid, int pidfd);

/* The inode number of a descriptor that is a socket, else 0. */
unsigned long look_inode(pid_t pid, int fd);

/* Whether the process has the socket with that inode number open. */
bool look_holds(pid_t pid, unsigned long inode);

/* What the process does with a signal that is delivered to it now. */
enum effect look_effect(pid_t pid, int signal);

/* The value behind "Name:" in /proc/PID/status, or 0. */
long look_status(pid_t pid, const char *name);

/* NULL while sockets can be borrowed, else the errno name that forbade it. */
const char *look_refused(void);

#endif
