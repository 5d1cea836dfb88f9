#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    struct rtmsg route;
    char attributes[128];
};

/* Adds an attribute that holds one number. */
static void add(struct request *request, uint16_t type, uint32_t value)
{
    struct rtattr *attribute =
        (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(sizeof value);
    memcpy(RTA_DATA(attribute), &value, sizeof value);
    request->header.nlmsg_len =
        NLMSG_ALIGN(request->header.nlmsg_len) + RTA_LENGTH(sizeof value);
}

/* The metrics are attributes within an attribute. */
static void add_quick_ack(struct request *request)
{
    struct rtattr *metrics =
        (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

    metrics->rta_type = RTA_METRICS;
    metrics->rta_len = RTA_LENGTH(0);
    request->header.nlmsg_len += RTA_LENGTH(0);
    add(request, RTAX_QUICKACK, 1);
    metrics->rta_len = (uint16_t)(RTA_LENGTH(0) + RTA_LENGTH(4));
}

/* Replaces the kernel's own route to the first `bits` bits of 127.0.0.x. */
static int replace_route(int fd, uint8_t bits, uint32_t destination)
{
    struct request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.route),
                   .nlmsg_type = RTM_NEWROUTE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE |
                                  NLM_F_CREATE},
        .route = {.rtm_family = AF_INET,
                  .rtm_dst_len = bits,
                  .rtm_table = RT_TABLE_LOCAL,
                  .rtm_protocol = RTPROT_KERNEL,
                  .rtm_scope = RT_SCOPE_HOST,
                  .rtm_type = RTN_LOCAL},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char more[256];
    } answer;

    add(&request, RTA_DST, htonl(destination));
    add(&request, RTA_OIF, if_nametoindex("lo"));
    add(&request, RTA_PREFSRC, htonl(INADDR_LOOPBACK));
    add_quick_ack(&request);
    if (send(fd, &request, request.header.nlmsg_len, 0) == -1)
        return -1;
    if (recv(fd, &answer, sizeof answer, 0) < (ssize_t)sizeof answer.header)
        return -1;
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}

int route_quick_ack(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd == -1)
        return -1;

    int result = replace_route(fd, 32, INADDR_LOOPBACK);
    if (result == 0)
        result = replace_route(fd, 8, INADDR_LOOPBACK & 0xff000000U);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
