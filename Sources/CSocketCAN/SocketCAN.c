// Source: Linux, Documentation/networking/can.rst (raw sockets, error frames, filters) and
// linux/can/error.h; rtnetlink(7) and linux/can/netlink.h for the bit rate.
#define _GNU_SOURCE
#include "SocketCAN.h"

#include <errno.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/netlink.h>
#include <linux/can/raw.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int descriptor, int reason) {
    if (descriptor >= 0) close(descriptor);
    errno = reason;
    return -1;
}

int forecourt_can_open(const char *interface) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    if (strlen(interface) >= sizeof request.ifr_name) return fail(-1, ENODEV);
    strcpy(request.ifr_name, interface);
    int descriptor = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_RAW);
    if (descriptor < 0) return -1;
    if (ioctl(descriptor, SIOCGIFFLAGS, &request) != 0) return fail(descriptor, errno);
    if ((request.ifr_flags & IFF_UP) == 0) return fail(descriptor, ENETDOWN);
    if (ioctl(descriptor, SIOCGIFINDEX, &request) != 0) return fail(descriptor, errno);
    struct can_filter filter = {.can_id = CAN_EFF_FLAG, .can_mask = CAN_EFF_FLAG | CAN_RTR_FLAG};
    can_err_mask_t errors = CAN_ERR_MASK;
    if (setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FILTER, &filter, sizeof filter) != 0 ||
        setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) != 0)
        return fail(descriptor, errno);
    struct sockaddr_can address;
    memset(&address, 0, sizeof address);
    address.can_family = AF_CAN;
    address.can_ifindex = request.ifr_ifindex;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(descriptor, errno);
    return descriptor;
}

int forecourt_can_connect(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) return fail(-1, ENAMETOOLONG);
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(descriptor, errno);
    return descriptor;
}

/// The first attribute of this kind in a list of them; NULL where there is none.
static const struct rtattr *find(const struct rtattr *first, int length, unsigned short type) {
    for (const struct rtattr *each = first; RTA_OK(each, length); each = RTA_NEXT(each, length))
        if ((each->rta_type & NLA_TYPE_MASK) == type) return each;
    return NULL;
}
static const struct rtattr *within(const struct rtattr *list, unsigned short type) {
    return list == NULL ? NULL : find(RTA_DATA(list), (int)RTA_PAYLOAD(list), type);
}

int forecourt_can_bitrate(const char *interface, uint32_t *bitrate) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg body;
    } question;
    memset(&question, 0, sizeof question);
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = RTM_GETLINK;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.body.ifi_family = AF_UNSPEC;
    question.body.ifi_index = (int)if_nametoindex(interface);
    if (question.body.ifi_index == 0) return ENODEV;
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return errno;
    // The kernel answers at once; nothing else may keep the bus waiting.
    struct timeval patience = {.tv_sec = 0, .tv_usec = 200000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    _Alignas(struct nlmsghdr) char answer[16384];
    ssize_t length = send(descriptor, &question, sizeof question, 0);
    if (length >= 0) length = recv(descriptor, answer, sizeof answer, 0);
    int reason = length < 0 ? errno : 0;
    close(descriptor);
    if (reason != 0) return reason;
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (!NLMSG_OK(header, (size_t)length) || header->nlmsg_type != RTM_NEWLINK) return ENOTSUP;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg))) return ENOTSUP;
    const struct ifinfomsg *body = NLMSG_DATA(header);
    const struct rtattr *link = find(IFLA_RTA(body), (int)IFLA_PAYLOAD(header), IFLA_LINKINFO);
    const struct rtattr *timing = within(within(link, IFLA_INFO_DATA), IFLA_CAN_BITTIMING);
    struct can_bittiming found;
    if (timing == NULL || RTA_PAYLOAD(timing) < sizeof found) return ENOTSUP;
    memcpy(&found, RTA_DATA(timing), sizeof found);
    if (found.bitrate == 0) return ENOTSUP;
    *bitrate = found.bitrate;
    return 0;
}

int forecourt_can_receive(int descriptor, struct forecourt_can_frame *frame) {
    struct can_frame raw;
    ssize_t count = recv(descriptor, &raw, sizeof raw, MSG_DONTWAIT);
    if (count < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
        return -1;
    }
    if (count == 0) return fail(-1, ECONNRESET);
    memset(frame, 0, sizeof *frame);
    if ((size_t)count != sizeof raw || raw.len > CAN_MAX_DLEN) {
        frame->kind = FORECOURT_CAN_OTHER;
        return 1;
    }
    if (raw.can_id & CAN_ERR_FLAG) {
        frame->kind = FORECOURT_CAN_ERROR;
        frame->id = raw.can_id & CAN_ERR_MASK;
    } else {
        int isData = (raw.can_id & CAN_EFF_FLAG) && !(raw.can_id & CAN_RTR_FLAG);
        frame->kind = isData ? FORECOURT_CAN_DATA : FORECOURT_CAN_OTHER;
        frame->id = raw.can_id & CAN_EFF_MASK;
    }
    frame->length = raw.len;
    memcpy(frame->data, raw.data, raw.len);
    return 1;
}

int forecourt_can_send(int descriptor, const struct forecourt_can_frame *frame) {
    struct can_frame raw;
    memset(&raw, 0, sizeof raw);
    raw.can_id = (frame->id & CAN_EFF_MASK) | CAN_EFF_FLAG;
    raw.len = frame->length > CAN_MAX_DLEN ? CAN_MAX_DLEN : frame->length;
    memcpy(raw.data, frame->data, raw.len);
    ssize_t count = send(descriptor, &raw, sizeof raw, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return errno;
    return (size_t)count == sizeof raw ? 0 : EIO;
}
