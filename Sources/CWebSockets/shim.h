#pragma once
#include <libwebsockets.h>

/// Bytes that lws_write wants free in front of a payload: LWS_PRE cannot be imported.
static inline size_t forecourt_lws_pre(void) { return LWS_PRE; }
