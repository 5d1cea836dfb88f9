/* Private networks, their counters and sysctls, and sockets as sock_diag sees
 * them. */
#define _GNU_SOURCE
#include "net.h"
#include "diag.h"
#include "file.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void enter(void)
{
    enum net_tier tier = net_probe(NULL, 0);

    if (tier == NET_SHARED)
        unit_skip("no private network here");
    ck_assert_int_eq(net_leave_root(), 0);
    ck_assert_int_eq(net_enter(tier), 0);
}

static int listener(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int dial(uint16_t port, uint16_t *mine)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *mine = ntohs(address.sin_port);
    return fd;
}

START_TEST(a_private_network_has_its_own_loopback_and_counters)
{
    uint16_t port, mine;

    enter();
    ck_assert_int_eq(net_counter("ActiveOpens"), 0);
    listener(&port);
    dial(port, &mine);
    ck_assert_int_eq(net_counter("ActiveOpens"), 1);
    ck_assert_int_eq(net_counter("PassiveOpens"), 1);
    ck_assert_int_eq(net_counter("TCPAbortOnClose"), 0);
    ck_assert_int_eq(net_counter("NoSuchCounter"), -1);
}
END_TEST

START_TEST(a_sysctl_is_set_in_the_private_network)
{
    char text[64];

    enter();
    ck_assert_int_eq(net_sysctl("net.ipv4.ip_local_port_range", "40000 40007"),
                     0);
    ck_assert_int_gt(
        file_read("/proc/sys/net/ipv4/ip_local_port_range", text, sizeof text),
        0);
    ck_assert_str_eq(text, "40000\t40007\n");
    ck_assert_int_eq(net_sysctl("net.ipv4.no_such_thing", "1"), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_sysctl_file_names_the_line_that_fails)
{
    char path[] = "/tmp/unit-net.XXXXXX", bad[64] = "";
    static const char text[] = "# a comment\n\n"
                               "net.ipv4.tcp_tw_reuse = 0\n"
                               "net.ipv4.no_such_thing = 1\n";

    enter();
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    ck_assert_int_eq(net_sysctl_file(path, bad, sizeof bad), -1);
    ck_assert_str_eq(bad, "net.ipv4.no_such_thing");
    unlink(path);
    ck_assert_int_eq(net_sysctl_file(path, NULL, 0), 0); /* none: no error */
    close(fd);
}
END_TEST

START_TEST(loopback_goes_down_and_up_again)
{
    uint16_t port, mine;

    enter();
    listener(&port);
    ck_assert_int_eq(net_loopback(0), 0);
    ck_assert_int_eq(net_loopback(1), 0);
    dial(port, &mine);
}
END_TEST

START_TEST(a_connection_is_found_by_its_ports)
{
    struct diag_socket socket;
    uint16_t port, mine;

    enter();
    int listen_fd = listener(&port);
    ck_assert_int_eq(diag_find(port, 0, &socket), 1);
    ck_assert_int_eq(socket.state, ST_LISTEN);
    ck_assert_int_eq(socket.wqueue, 5);
    int fd = dial(port, &mine);

    ck_assert_int_eq(diag_find(port, 0, &socket), 1);
    ck_assert_int_eq(socket.rqueue, 1);
    ck_assert_int_eq(diag_find(port, mine, &socket), 1);
    ck_assert_int_eq(socket.state, ST_ESTABLISHED);
    ck_assert_int_eq(socket.inode, 0); /* nobody has accepted it */
    ck_assert_int_eq(send(fd, "hello", 5, 0), 5);
    ck_assert_int_eq(diag_find(port, mine, &socket), 1);
    ck_assert_int_eq(socket.rqueue, 5);
    int conn_fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_eq(diag_find(port, mine, &socket), 1);
    ck_assert_int_ne(socket.inode, 0);
    close(conn_fd);
    /* Unread data: an RST, and nothing is left of either end. */
    ck_assert_int_eq(diag_find(port, mine, &socket), 0);
    ck_assert_int_eq(net_counter("TCPAbortOnClose"), 1);
}
END_TEST

START_TEST(no_connection_is_not_the_listener)
{
    struct diag_socket socket;
    uint16_t port;

    enter();
    listener(&port);
    ck_assert_int_eq(diag_find(port, 1234, &socket), 0);
    ck_assert_int_eq(diag_find(1234, 0, &socket), 0);
}
END_TEST

static int count_socket(const struct diag_socket *socket, void *with)
{
    int *count = with;

    ck_assert_int_ne(socket->state, ST_NONE);
    (*count)++;
    return 0;
}

START_TEST(each_socket_is_shown_once)
{
    uint16_t port, mine;
    int count = 0;

    enter();
    listener(&port);
    for (int i = 0; i < 5; i++)
        dial(port, &mine);
    ck_assert_int_eq(diag_each(count_socket, &count), 0);
    ck_assert_int_eq(count, 11);
}
END_TEST

/* Runs build/enter --probe where the kernel refuses what forbid is told. */
static int probe_without(const char *what)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        execl("build/unit/forbid", "forbid", what, "--", "build/enter",
              "--probe", (char *)NULL);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(where_user_namespaces_are_refused_the_probe_says_so)
{
    int status = probe_without("userns");

    if (geteuid() == 0)
        ck_assert(status == NET_PRIVATE_ROOT || status == NET_SHARED);
    else
        ck_assert_int_eq(status, NET_SHARED);
}
END_TEST

START_TEST(a_refused_tier_names_its_step)
{
    char why[160];

    ck_assert_int_eq(net_leave_root(), 0);
    /* No namespaces at all for whoever lives in this one. */
    if (net_probe(why, sizeof why) != NET_PRIVATE)
        unit_skip("no user namespace here");
    ck_assert_str_eq(why, "");
    ck_assert_int_eq(net_enter(NET_PRIVATE), 0);
    ck_assert_int_eq(file_write("/proc/sys/user/max_user_namespaces", "0"), 0);
    ck_assert_int_eq(net_probe(why, sizeof why), NET_SHARED);
    ck_assert_msg(strstr(why, "unshare") != NULL, "%s", why);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("net");

    tcase_add_test(tests, a_private_network_has_its_own_loopback_and_counters);
    tcase_add_test(tests, a_sysctl_is_set_in_the_private_network);
    tcase_add_test(tests, a_sysctl_file_names_the_line_that_fails);
    tcase_add_test(tests, loopback_goes_down_and_up_again);
    tcase_add_test(tests, a_connection_is_found_by_its_ports);
    tcase_add_test(tests, no_connection_is_not_the_listener);
    tcase_add_test(tests, each_socket_is_shown_once);
    tcase_add_test(tests, where_user_namespaces_are_refused_the_probe_says_so);
    tcase_add_test(tests, a_refused_tier_names_its_step);
    return unit_run("net", tests);
}
