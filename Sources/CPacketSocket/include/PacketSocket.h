#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// A socket for Ethernet frames of one type on one interface, closed on exec; needs CAP_NET_RAW.
/// Writes the interface's own address to `address` (6 bytes).
/// Returns the descriptor, or -1 with errno set.
int forecourt_packet_open(const char *interface, uint16_t ethernet_type, uint8_t *address);

/// Sends one frame, from its destination address on. Returns 0, or an errno.
int forecourt_packet_send(int descriptor, const uint8_t *frame, size_t length);

/// Takes a frame that is there, from its destination address on; the kernel has taken a VLAN tag out of it.
/// Frames that this machine sent itself are left out. Returns its length, 0 where there is none, -1 with errno set.
ssize_t forecourt_packet_receive(int descriptor, uint8_t *frame, size_t capacity);
