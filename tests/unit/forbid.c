/*
 * forbid WHAT[,WHAT...] -- command [argument...]
 *
 * Runs a command on a machine that lacks something: a seccomp(2) filter makes
 * the kernel refuse it to the command and to all that it starts, as containers
 * and hardened systems do. Forbidding the ptrace(2) of a child is not possible
 * in any other way; nothing here needs a privilege.
 *
 * Exits as the command does; 2 on a usage error, 126 when the filter could not
 * be set, 127 when the command could not be run.
 */
#define _GNU_SOURCE /* CLONE_NEWUSER */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* Refuse call number nr with this errno; where mask is not 0, only when
 * (argument & mask) == value, on the argument's low 32 bits. */
struct rule {
    const char *what;
    uint32_t nr, argument, mask, value, error;
};

/* clone3(2) has its flags behind a pointer, where a filter cannot look: told
 * that there is no such call, the C library uses clone(2). */
static const struct rule rules[] = {
    {"userns", SYS_unshare, 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM},
    {"userns", SYS_clone, 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM},
    {"userns", SYS_clone3, 0, 0, 0, ENOSYS},
    {"netns", SYS_unshare, 0, CLONE_NEWNET, CLONE_NEWNET, EPERM},
    {"netns", SYS_clone, 0, CLONE_NEWNET, CLONE_NEWNET, EPERM},
    {"netns", SYS_clone3, 0, 0, 0, ENOSYS},
    {"packet", SYS_socket, 0, ~0U, AF_PACKET, EPERM},
    {"netlink", SYS_socket, 0, ~0U, AF_NETLINK, EPERM},
    {"ptrace", SYS_ptrace, 0, 0, 0, EPERM},
    {"pidfd_getfd", SYS_pidfd_getfd, 0, 0, 0, EPERM},
};

enum { RULES = sizeof rules / sizeof *rules, STEPS_A_RULE = 6 };

struct program {
    struct sock_filter step[RULES * STEPS_A_RULE + 1];
    unsigned short n;
};

static void add(struct program *program, uint16_t code, uint32_t k,
                uint8_t skip_if_not)
{
    program->step[program->n++] =
        (struct sock_filter){.code = code, .jf = skip_if_not, .k = k};
}

static void add_rule(struct program *program, const struct rule *rule)
{
    uint32_t low = offsetof(struct seccomp_data, args) +
                   rule->argument * (uint32_t)sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    low += 4;
#endif
    add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr),
        0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, rule->nr, rule->mask ? 4 : 1);
    if (rule->mask) {
        add(program, BPF_LD | BPF_W | BPF_ABS, low, 0);
        add(program, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0);
        add(program, BPF_JMP | BPF_JEQ | BPF_K, rule->value, 1);
    }
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | rule->error, 0);
}

/* Adds all rules of that name. Returns their number. */
static int add_what(struct program *program, const char *what)
{
    int n = 0;

    for (int i = 0; i < RULES; i++) {
        if (strcmp(rules[i].what, what) == 0) {
            add_rule(program, &rules[i]);
            n++;
        }
    }
    return n;
}

static int usage(void)
{
    fputs("usage: forbid WHAT[,WHAT...] -- command [argument...]\n"
          "WHAT:",
          stderr);
    for (int i = 0; i < RULES; i++) {
        if (i == 0 || strcmp(rules[i].what, rules[i - 1].what) != 0)
            fprintf(stderr, " %s", rules[i].what);
    }
    fputc('\n', stderr);
    return 2;
}

/* Each word of the list once, so that the filter has room for all. */
static int parse(char *list, struct program *program)
{
    const char *seen[RULES];
    int n = 0;
    char *rest;

    for (char *what = strtok_r(list, ",", &rest); what;
         what = strtok_r(NULL, ",", &rest)) {
        for (int i = 0; i < n; i++) {
            if (strcmp(seen[i], what) == 0)
                return -1;
        }
        if (n == RULES || add_what(program, what) == 0)
            return -1;
        seen[n++] = what;
    }
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0);
    return n > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct program program = {.n = 0};

    if (argc < 4 || strcmp(argv[2], "--") != 0 ||
        parse(argv[1], &program) == -1)
        return usage();

    struct sock_fprog filter = {.len = program.n, .filter = program.step};
    /* Without privileges only a process that can gain none may set a filter. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1) {
        perror("forbid: seccomp");
        return 126;
    }
    execvp(argv[3], argv + 3);
    fprintf(stderr, "forbid: %s: %s\n", argv[3], strerror(errno));
    return 127;
}
