/* Opens connections to an address, asks each for a page, reads to the end and closes: so many at a time, so many
 * in all, for so long at the most. Prints one line of JSON.
 *
 *     cc -O2 -o load load.c
 *     load DEVICE ADDRESS PORT CONCURRENCY TOTAL SECONDS
 *
 * Every socket is bound to DEVICE, the TAP of a lab: nothing can leave by another interface.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CLIENTS = 1000, MOST_CONNECTIONS = 5000000, MOST_SECONDS = 600, EVENTS = 256 };

static const char REQUEST[] = "GET / HTTP/1.0\r\nHost: lab\r\n\r\n";
static const char *const EXPECTED[] = {"HTTP/1.0 200", "HTTP/1.1 200"};
enum { EXPECTED_LENGTH = 12 };

struct client {
    int socket;
    int asked;      /* the request was sent */
    int answered;   /* the answer began as it should */
    double began;   /* seconds */
};

static struct sockaddr_in server;
static const char *device;
static int poll_set;
static long total, started, completed, failed;
static float *taken; /* seconds of each completed connection */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Let a client open its next connection, if there is one left to open. */
static void begin(struct client *c)
{
    while (started < total) {
        started++;
        c->asked = c->answered = 0;
        c->began = now();
        c->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (c->socket < 0)
            die("socket");
        if (setsockopt(c->socket, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) < 0)
            die(device);
        if (connect(c->socket, (struct sockaddr *)&server, sizeof server) == 0 || errno == EINPROGRESS) {
            struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
            if (epoll_ctl(poll_set, EPOLL_CTL_ADD, c->socket, &interest) < 0)
                die("epoll_ctl");
            return;
        }
        failed++;
        close(c->socket);
    }
    c->socket = -1;
}

static void finish(struct client *c, int well)
{
    if (well)
        taken[completed++] = (float)(now() - c->began);
    else
        failed++;
    close(c->socket);
    begin(c);
}

/* Go on with a client about which there is news. */
static void serve(struct client *c, unsigned events)
{
    static char answer[65536];
    ssize_t length;

    if (c->socket < 0)
        return;
    if (!c->asked) {
        if (send(c->socket, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != sizeof REQUEST - 1) {
            finish(c, 0);
            return;
        }
        c->asked = 1;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    while ((length = recv(c->socket, answer, sizeof answer, 0)) > 0)
        if (!c->answered)
            c->answered = length >= EXPECTED_LENGTH && (!memcmp(answer, EXPECTED[0], EXPECTED_LENGTH) ||
                                                        !memcmp(answer, EXPECTED[1], EXPECTED_LENGTH));
    if (length == 0)
        finish(c, c->answered);
    else if (errno != EAGAIN)
        finish(c, 0);
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static long number(const char *text, long most)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value < 1 || value > most) {
        fprintf(stderr, "load: %s is not a number from 1 to %ld\n", text, most);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static struct client clients[MOST_CLIENTS];
    struct epoll_event events[EVENTS];

    if (argc != 7) {
        fprintf(stderr, "usage: load DEVICE ADDRESS PORT CONCURRENCY TOTAL SECONDS\n");
        return 2;
    }
    device = argv[1];
    server.sin_family = AF_INET;
    if (inet_pton(AF_INET, argv[2], &server.sin_addr) != 1) {
        fprintf(stderr, "load: %s is not an IPv4 address\n", argv[2]);
        return 2;
    }
    server.sin_port = htons(number(argv[3], 65535));
    long concurrency = number(argv[4], MOST_CLIENTS);
    total = number(argv[5], MOST_CONNECTIONS);
    double limit = number(argv[6], MOST_SECONDS);
    taken = malloc(total * sizeof *taken);
    poll_set = epoll_create1(0);
    if (!taken || poll_set < 0)
        die("start");

    double began = now();
    for (long i = 0; i < concurrency; i++)
        begin(&clients[i]);
    while (completed + failed < total && now() - began < limit) {
        int count = epoll_wait(poll_set, events, EVENTS, 100);
        for (int i = 0; i < count; i++)
            serve(events[i].data.ptr, events[i].events);
    }
    double seconds = now() - began;

    qsort(taken, completed, sizeof *taken, ascending);
    printf("{\"completed\": %ld, \"failed\": %ld, \"unfinished\": %ld, \"seconds\": %.6f, "
           "\"median_us\": %.1f, \"p99_us\": %.1f}\n",
           completed, failed, total - completed - failed, seconds,
           completed ? taken[completed / 2] * 1e6 : 0, completed ? taken[completed * 99 / 100] * 1e6 : 0);
    return 0;
}
