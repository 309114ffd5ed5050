#pragma once

#include <stdint.h>

/// A frame as it crosses between a CAN bus and a program.
struct forecourt_can_frame {
    /// 29 bits; of an error frame the error's classes.
    uint32_t id;
    /// What it is: FORECOURT_CAN_DATA and so on.
    uint8_t kind;
    /// 0...8.
    uint8_t length;
    uint8_t data[8];
};

enum {
    /// A data frame with a 29-bit id.
    FORECOURT_CAN_DATA = 0,
    /// What the controller says about the bus.
    FORECOURT_CAN_ERROR = 1,
    /// A frame with an 11-bit id, or one that only asks: nothing here uses them.
    FORECOURT_CAN_OTHER = 2,
};

/// Opens a CAN interface of the kernel for frames with 29-bit ids and for errors, non-blocking.
/// Returns the descriptor, or -1 with errno set; ENETDOWN where the interface is not up.
int forecourt_can_open(const char *interface);

/// Connects to simulated hardware: a local socket whose messages are frames as the kernel has them.
/// Returns the descriptor, non-blocking, or -1 with errno set.
int forecourt_can_connect(const char *path);

/// The bit rate to which the interface is set. Returns 0, or an errno; ENOTSUP where it has none (vcan).
int forecourt_can_bitrate(const char *interface, uint32_t *bitrate);

/// One frame. Returns 1, 0 where none waits, or -1 with errno set; ECONNRESET where simulated hardware hung up.
int forecourt_can_receive(int descriptor, struct forecourt_can_frame *frame);

/// Returns 0, or an errno: ENOBUFS and EAGAIN where the queue is full, since nobody acknowledges.
int forecourt_can_send(int descriptor, const struct forecourt_can_frame *frame);
