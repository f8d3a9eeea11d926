/* SPDX-License-Identifier: Apache-2.0 */
/* A look into the kernel. Its header for TCP and the C library's exclude each other, so this one stands alone. */
#include "net/tcp_state.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/time.h"

enum { NS_PER_US = 1000 };

bool fr_tcp_state_read(int socket, struct fr_tcp_state *ret_state) {
    struct tcp_info info = {0};
    socklen_t bytes = sizeof info;

    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 || bytes < offsetof(struct tcp_info, tcpi_data_segs_in))
        return false;
    *ret_state = (struct fr_tcp_state){.acked = info.tcpi_bytes_acked,
                                       .is_busy = info.tcpi_unacked > 0,
                                       .round_trip = (fr_time_ns) info.tcpi_rtt * NS_PER_US,
                                       .round_trip_min = fr_time_min(info.tcpi_min_rtt, info.tcpi_rtt) * NS_PER_US};
    return true;
}

uint64_t fr_tcp_state_unacked(int socket) {
    int bytes = 0;

    return ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint64_t) bytes : 0;
}
