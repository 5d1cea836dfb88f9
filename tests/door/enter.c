/*
 * Runs a command in a private network:
 *
 *     build/enter [--drop-root] [--sysctl FILE] -- command args
 *     build/enter --probe     says what this machine allows; exit 0 all of it,
 *                             1 a network only because we are root, 2 none
 *
 * Where there can be no private network the command runs in this machine's and
 * a sentence on stderr says so. Exit status: the command's; 125 if it could not
 * be run.
 */
#define _GNU_SOURCE /* sethostname */
#include "net.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int probe(void)
{
    char why[160];
    enum net_tier tier = net_probe(why, sizeof why);

    if (tier == NET_PRIVATE)
        printf("private networks: yes, without any privilege\n");
    else if (tier == NET_PRIVATE_ROOT)
        printf("private networks: only because you are root; %s\n", why);
    else
        printf("private networks: no; %s\n", why);
    if (tier != NET_PRIVATE)
        printf("remedy: %s\n", net_remedy());
    return (int)tier;
}

static int usage(void)
{
    fprintf(stderr, "usage: enter [--drop-root] [--sysctl FILE] -- command "
                    "args | enter --probe\n");
    return 125;
}

int main(int argc, char *argv[])
{
    static const struct option known[] = {
        {"drop-root", no_argument, NULL, 'd'},
        {"sysctl", required_argument, NULL, 's'},
        {"probe", no_argument, NULL, 'p'},
        {0}};
    const char *sysctls = NULL;
    char bad[96] = "", why[160];
    int drop = 0, c;

    while ((c = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (c == 'p')
            return probe();
        if (c == 'd')
            drop = 1;
        else if (c == 's')
            sysctls = optarg;
        else
            return usage();
    }
    if (optind == argc)
        return usage();
    enum net_tier tier = net_probe(why, sizeof why);
    if (tier == NET_SHARED)
        fprintf(stderr,
                "No private network here (%s): this is the machine's "
                "own.\n",
                why);
    if ((drop && net_leave_root() == -1) || net_enter(tier) == -1) {
        fprintf(stderr, "enter: %s\n", strerror(errno));
        return 125;
    }
    if (tier != NET_SHARED && sysctls &&
        net_sysctl_file(sysctls, bad, sizeof bad) == -1) {
        fprintf(stderr, "enter: %s: %s\n", bad[0] ? bad : sysctls,
                strerror(errno));
        return 125;
    }
    execvp(argv[optind], argv + optind);
    fprintf(stderr, "enter: %s: %s\n", argv[optind], strerror(errno));
    return 125;
}
