#include "capture.h"
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* 4 MiB of ring: 2,048 segments between two drains. */
enum {
    FRAME = 2048,
    BLOCK = 1 << 16,
    BLOCKS = 64,
    FRAMES = BLOCK / FRAME * BLOCKS,
    RING = BLOCK * BLOCKS,
    ETHERNET = 14,
    IPV6_HEADER = 40,
    PROTOCOL_TCP = 6,
};

struct capture {
    int fd;
    unsigned char *ring;
    unsigned next; /* the frame that the kernel fills next */
    FILE *pcap;
};

static int set_up(struct capture *capture)
{
    int one = 1, version = TPACKET_V2;
    struct tpacket_req request = {BLOCK, BLOCKS, FRAME, FRAMES};
    struct sockaddr_ll lo = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex("lo"),
    };
    int fd = capture->fd;

    /* Loopback shows each packet twice, going out and coming in. */
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ==
        -1)
        return -1;
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ==
        -1)
        return -1;
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) ==
        -1)
        return -1;
    capture->ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (capture->ring == MAP_FAILED)
        return -1;
    return bind(fd, (struct sockaddr *)&lo, sizeof lo);
}

static void start_pcap(FILE *pcap)
{
    struct {
        uint32_t magic; /* says: nanoseconds, in this machine's byte order */
        uint16_t major, minor;
        uint32_t zone, accuracy, longest, link_type;
    } header = {0xa1b23c4d, 2, 4, 0, 0, FRAME, 1 /* Ethernet */};

    fwrite(&header, sizeof header, 1, pcap);
}

struct capture *capture_open(FILE *pcap, char *why, size_t size)
{
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture) {
        snprintf(why, size, "out of memory");
        return NULL;
    }

    capture->pcap = pcap;
    /* Protocol 0: nothing is captured before the ring stands. */
    capture->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (capture->fd == -1 || set_up(capture) == -1) {
        snprintf(why, size, "AF_PACKET: %s", errno_name(errno));
        if (capture->fd != -1)
            close(capture->fd);
        if (capture->ring && capture->ring != MAP_FAILED)
            munmap(capture->ring, RING);
        free(capture);
        return NULL;
    }
    if (pcap)
        start_pcap(pcap);
    return capture;
}

static uint16_t get16(const unsigned char *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Finds the TCP header in a frame. Returns its offset, or -1, and the length
 * of the IP packet from its own start. */
static int find_tcp(const unsigned char *frame, int size, int *ip_len)
{
    const unsigned char *ip = frame + ETHERNET;
    int offset = -1;

    if (size < ETHERNET + 20)
        return -1;
    if (get16(frame + 12) == ETH_P_IP && ip[9] == PROTOCOL_TCP) {
        offset = ETHERNET + (ip[0] & 15) * 4;
        *ip_len = get16(ip + 2);
    } else if (get16(frame + 12) == ETH_P_IPV6 &&
               size >= ETHERNET + IPV6_HEADER && ip[6] == PROTOCOL_TCP) {
        offset = ETHERNET + IPV6_HEADER;
        *ip_len = IPV6_HEADER + get16(ip + 4);
    }
    return offset != -1 && size >= offset + 20 ? offset : -1;
}

static void add_segment(struct recording *recording, int64_t time, int step,
                        const unsigned char *frame, int size)
{
    int ip_len = 0;
    int offset = find_tcp(frame, size, &ip_len);
    if (offset == -1)
        return;

    const unsigned char *tcp = frame + offset;
    int header = (tcp[12] >> 4) * 4;
    struct event *event = recording_add(recording, EV_PACKET);
    event->t0 = event->t1 = time;
    event->step0 = event->step1 = step;
    event->from = get16(tcp);
    event->to = get16(tcp + 2);
    event->seq = get32(tcp + 4);
    event->ack = get32(tcp + 8);
    event->flags = tcp[13] & 31;
    event->window = get16(tcp + 14);
    event->len = ip_len - (offset - ETHERNET) - header;
    if (event->len < 0)
        event->len = 0;
    int have = size - offset - header;
    if (have > event->len)
        have = event->len;
    if (have > SNIP)
        have = SNIP;
    if (have > 0) {
        memcpy(event->snip, tcp + header, (size_t)have);
        event->snip_len = have;
    }
}

static void add_to_pcap(FILE *pcap, const struct tpacket2_hdr *header,
                        const unsigned char *frame)
{
    uint32_t record[4] = {header->tp_sec, header->tp_nsec, header->tp_snaplen,
                          header->tp_len};

    fwrite(record, sizeof record, 1, pcap);
    fwrite(frame, header->tp_snaplen, 1, pcap);
}

int capture_drain(struct capture *capture, struct recording *recording,
                  int step)
{
    int n = 0;

    while (capture) {
        struct tpacket2_hdr *header =
            (void *)(capture->ring + (size_t)capture->next * FRAME);
        /* The frame is ours, and filled, once the kernel has said so. */
        if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) &
              TP_STATUS_USER))
            return n;
        const unsigned char *frame = (unsigned char *)header + header->tp_mac;
        int64_t time = header->tp_sec * 1000000000LL + header->tp_nsec;
        add_segment(recording, time, step, frame, (int)header->tp_snaplen);
        if (capture->pcap)
            add_to_pcap(capture->pcap, header, frame);
        __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
        capture->next = (capture->next + 1) % FRAMES;
        n++;
    }
    return n;
}

void capture_close(struct capture *capture, struct recording *recording,
                   int step)
{
    struct tpacket_stats stats = {0};
    socklen_t size = sizeof stats;

    if (!capture)
        return;
    capture_drain(capture, recording, step);
    if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) ==
        0)
        recording->packets_lost += stats.tp_drops;
    munmap(capture->ring, RING);
    close(capture->fd);
    free(capture);
}
