#define _GNU_SOURCE
#include "PacketSocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int forecourt_packet_open(const char *interface, uint16_t ethernet_type, uint8_t *address) {
    if (strlen(interface) >= IFNAMSIZ) {
        errno = ENODEV;
        return -1;
    }
    // No protocol yet: frames of other interfaces would come until it is bound.
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, interface);
    if (ioctl(descriptor, SIOCGIFINDEX, &request) != 0) goto failed;
    struct sockaddr_ll place = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ethernet_type),
        .sll_ifindex = request.ifr_ifindex,
    };
    if (ioctl(descriptor, SIOCGIFHWADDR, &request) != 0) goto failed;
    memcpy(address, request.ifr_hwaddr.sa_data, 6);
    if (bind(descriptor, (struct sockaddr *)&place, sizeof place) != 0) goto failed;
    return descriptor;
failed:;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int forecourt_packet_send(int descriptor, const uint8_t *frame, size_t length) {
    ssize_t sent = send(descriptor, frame, length, MSG_DONTWAIT);
    if (sent < 0) return errno;
    return (size_t)sent == length ? 0 : EMSGSIZE;
}

ssize_t forecourt_packet_receive(int descriptor, uint8_t *frame, size_t capacity) {
    for (;;) {
        struct sockaddr_ll from;
        socklen_t length = sizeof from;
        ssize_t count = recvfrom(
            descriptor, frame, capacity, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        if (from.sll_pkttype != PACKET_OUTGOING) return count;
    }
}
