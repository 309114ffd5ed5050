// The floor: the least that answers a CSMS. One thread on libwebsockets, no JSON: every CALL gets an
// empty result under its id. RequestStartTransaction and RequestStopTransaction are put on disk
// (append, fdatasync) and followed by a TransactionEvent, as a station has to do it.
// Usage: floor PORT FILE

#define _GNU_SOURCE
#include <fcntl.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char out[2][LWS_PRE + 512];
static size_t lengths[2];
static int first, waiting;
static int disk;

static void queue(const char *text, size_t length) {
    if (waiting == 2 || length > 512) return;
    int slot = (first + waiting++) % 2;
    memcpy(out[slot] + LWS_PRE, text, length);
    lengths[slot] = length;
}

static void take(struct lws *wsi, const char *text, size_t length) {
    if (length < 6 || text[1] != '2') return;
    const char *id = memchr(text, '"', length);
    const char *end = id ? memchr(id + 1, '"', length - (size_t)(id + 1 - text)) : NULL;
    if (!end) return;
    char answer[512];
    int size = snprintf(answer, sizeof answer, "[3,%.*s,{}]", (int)(end + 1 - id), id);
    int starts = memmem(text, length, "\"RequestStartTransaction\"", 25) != NULL;
    int stops = memmem(text, length, "\"RequestStopTransaction\"", 24) != NULL;
    if (starts || stops) {
        if (write(disk, text, length) < 0 || fdatasync(disk) < 0) return;
    }
    queue(answer, (size_t)size);
    if (starts || stops) {
        size = snprintf(
            answer, sizeof answer,
            "[2,\"t\",\"TransactionEvent\",{\"eventType\":\"%s\",\"transactionInfo\":"
            "{\"transactionId\":\"floor\"}}]",
            starts ? "Started" : "Ended");
        queue(answer, (size_t)size);
    }
    lws_callback_on_writable(wsi);
}

static int callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *input, size_t length) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED: {
        static const char boot[] =
            "[2,\"b\",\"BootNotification\",{\"reason\":\"PowerUp\",\"chargingStation\":"
            "{\"model\":\"floor\",\"vendorName\":\"floor\"}}]";
        queue(boot, sizeof boot - 1);
        lws_callback_on_writable(wsi);
        return 0;
    }
    case LWS_CALLBACK_CLIENT_RECEIVE: take(wsi, input, length); return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (!waiting) return 0;
        if (lws_write(wsi, out[first] + LWS_PRE, lengths[first], LWS_WRITE_TEXT) < 0) return -1;
        first = (first + 1) % 2;
        if (--waiting) lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED: exit(0);
    default: return 0;
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 64;
    disk = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (disk < 0) return 73;
    signal(SIGPIPE, SIG_IGN);
    lws_set_log_level(0, NULL);
    const struct lws_protocols protocols[] = {{"ocpp2.0.1", callback, 0, 4096, 0, NULL, 0}, {0}};
    struct lws_context_creation_info information = {0};
    information.port = CONTEXT_PORT_NO_LISTEN;
    information.protocols = protocols;
    struct lws_context *context = lws_create_context(&information);
    if (!context) return 71;
    struct lws_client_connect_info dial = {0};
    dial.context = context;
    dial.address = dial.host = "127.0.0.1";
    dial.port = atoi(arguments[1]);
    dial.path = "/ocpp/FLOOR";
    dial.protocol = "ocpp2.0.1";
    dial.local_protocol_name = "ocpp2.0.1";
    if (!lws_client_connect_via_info(&dial)) return 69;
    while (lws_service(context, 0) >= 0) {}
    return 0;
}
