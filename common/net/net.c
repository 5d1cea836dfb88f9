#define _GNU_SOURCE /* unshare */
#include "net.h"
#include "file.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

int net_loopback(int up)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;

    request.ifr_flags = up ? IFF_UP : 0;
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return result;
}

int net_leave_root(void)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) == -1 || setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
        setresuid(NOBODY, NOBODY, NOBODY) == -1)
        return -1;
    /* A change of user makes /proc/self root's: the id maps are in there. */
    return prctl(PR_SET_DUMPABLE, 1);
}

int net_map_ids(uid_t uid, gid_t gid)
{
    char map[64];

    /* Without this "deny" an unprivileged gid_map is refused; kernels before
     * 3.19 do not have the file and do not need it. */
    if (file_write("/proc/self/setgroups", "deny") == -1 && errno != ENOENT)
        return -1;
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    if (file_write("/proc/self/uid_map", map) == -1)
        return -1;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return file_write("/proc/self/gid_map", map);
}

/* Like net_enter(), and says in *step which of the steps was refused. */
static int enter(enum net_tier tier, const char **step)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (tier == NET_SHARED)
        return 0;

    *step = "unshare";
    int flags =
        tier == NET_PRIVATE ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET;
    if (unshare(flags) == -1)
        return -1;
    *step = "id map";
    if (tier == NET_PRIVATE && net_map_ids(uid, gid) == -1)
        return -1;
    *step = "loopback up";
    return net_loopback(1);
}

int net_enter(enum net_tier tier)
{
    const char *step;

    return enter(tier, &step);
}

/* Tries one tier in a child. Returns 0 when it works, else -1 and the step
 * with its errno as text in why. */
static int try_tier(enum net_tier tier, char *why, size_t size)
{
    int status, report[2];

    if (pipe(report) == -1)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        const char *step = "leaving root";
        if (tier == NET_PRIVATE && net_leave_root() == -1)
            _exit(dprintf(report[1], "%s: %m", step) < 0 ? 2 : 1);
        if (enter(tier, &step) == 0)
            _exit(0);
        _exit(dprintf(report[1], "%s: %m", step) < 0 ? 2 : 1);
    }
    close(report[1]);
    if (child != -1) {
        ssize_t n = read(report[0], why, size - 1);
        why[n > 0 ? n : 0] = '\0';
    }
    close(report[0]);
    if (child == -1 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

enum net_tier net_probe(char *why, size_t size)
{
    char user[96], root[96];

    if (why)
        why[0] = '\0';
    if (try_tier(NET_PRIVATE, user, sizeof user) == 0)
        return NET_PRIVATE;
    if (why)
        snprintf(why, size, "no user namespace (%s)", user);
    if (geteuid() == 0 && try_tier(NET_PRIVATE_ROOT, root, sizeof root) == 0)
        return NET_PRIVATE_ROOT;
    return NET_SHARED;
}

const char *net_remedy(void)
{
    char text[32];

    if (file_read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                  text, sizeof text) > 0 &&
        text[0] == '1')
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
    if (file_read("/proc/sys/kernel/unprivileged_userns_clone", text,
                  sizeof text) > 0 &&
        text[0] == '0')
        return "sudo sysctl kernel.unprivileged_userns_clone=1";
    if (file_read("/proc/sys/user/max_user_namespaces", text, sizeof text) >
            0 &&
        text[0] == '0')
        return "sudo sysctl user.max_user_namespaces=10000";
    if (access("/.dockerenv", F_OK) == 0)
        return "start the container with --security-opt seccomp=unconfined";
    return "run it where unshare(2) may make a user namespace";
}

int net_sysctl(const char *name, const char *value)
{
    char path[256];

    if (snprintf(path, sizeof path, "/proc/sys/%s", name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *p = path + strlen("/proc/sys/"); *p; p++) {
        if (*p == '.')
            *p = '/';
    }
    return file_write(path, value);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return text;
}

int net_sysctl_file(const char *path, char *bad, size_t size)
{
    char line[256];
    int result = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 0 : -1;

    while (result == 0 && fgets(line, sizeof line, file)) {
        char *name = trim(line);
        char *value = strchr(name, '=');
        if (*name == '\0' || *name == '#')
            continue;
        if (value) {
            *value++ = '\0';
            result = net_sysctl(trim(name), trim(value));
        } else {
            errno = EINVAL;
            result = -1;
        }
        if (result == -1 && bad)
            snprintf(bad, size, "%s", name);
    }
    fclose(file);
    return result;
}

/* Both files hold pairs of lines with one prefix: names, then numbers. */
static long counter_in(const char *path, const char *name)
{
    char text[8192];
    char *names_end, *values_end, *names = text;

    if (file_read(path, text, sizeof text) <= 0)
        return -1;
    while ((names_end = strchr(names, '\n'))) {
        char *values = names_end + 1;
        char *name_rest, *value_rest;
        *names_end = '\0';
        values_end = strchr(values, '\n');
        if (!values_end)
            return -1;
        *values_end = '\0';
        char *one = strtok_r(names, " ", &name_rest);
        char *value = strtok_r(values, " ", &value_rest);
        while (one && value) {
            if (strcmp(one, name) == 0)
                return atol(value);
            one = strtok_r(NULL, " ", &name_rest);
            value = strtok_r(NULL, " ", &value_rest);
        }
        names = values_end + 1;
    }
    return -1;
}

long net_counter(const char *name)
{
    long value = counter_in("/proc/self/net/netstat", name);

    return value >= 0 ? value : counter_in("/proc/self/net/snmp", name);
}
