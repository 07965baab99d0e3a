"""Decisions that the ordinary path of a segment and the short one both take: each is one function, and pure.

Times are microseconds, lengths bytes. Callers name the module, as in `decisions.smoothed(…)`: so what is put in the
place of one of them is seen by every path.
"""

MASK = 0xFFFFFFFF
HALF = 0x80000000
MAX_ACK_DELAY = 200_000
"""How long the acknowledgement of a single segment may be delayed (RFC 8985 §7.2, TLP.max_ack_delay)."""
FIRST_PROBE = 1_000_000
"""The probe time-out before anything was measured (RFC 8985 §7.2)."""
LEAST_PROBE = 2_000
"""As on Linux: sooner than that a timer would ask before an answer can be expected."""
MAX_WINDOW_FIELD = 0xFFFF
"""The window field of a segment; what it says is shifted, but for a SYN's (RFC 7323 §2.2)."""
DELAYED_ACK_SEGMENTS = 2
"""An ACK is due for so many full segments at the latest (RFC 9293 §3.8.6.3)."""


def smoothed(srtt: int, rttvar: int, rtt: int) -> tuple[int, int]:
    """Return SRTT and RTTVAR after a measurement (RFC 6298 §2.2, §2.3); with an SRTT of 0 it is the first."""
    if srtt == 0:
        return rtt, rtt // 2
    return srtt + (rtt - srtt) // 8, rttvar + (abs(srtt - rtt) - rttvar) // 4


def retransmission_timeout(srtt: int, rttvar: int, least: int, most: int) -> int:
    """Return the time-out that follows from measurements (RFC 6298 §2.3), without backoff.

    As Linux: the floor is under the variance term, not under the sum.
    """
    rto = srtt + (4 * rttvar if 4 * rttvar > least else least)
    return rto if rto < most else most


def backed_off(rto: int, backoff: int, most: int) -> int:
    """Return the time-out to use now: doubled for every time that it ran out, up to the ceiling (RFC 6298 §5.5)."""
    rto <<= backoff
    return rto if rto < most else most


def probe_timeout(srtt: int, single: bool) -> int:
    """Return how long to wait for an acknowledgement before probing (RFC 8985 §7.2), `single` if for one segment's.

    If the retransmission timer would be earlier, the probe goes at its time, and in its place (`Connection.wake`).
    """
    if not srtt:
        return FIRST_PROBE
    return max(2 * srtt, LEAST_PROBE) + (MAX_ACK_DELAY if single else 0)


def syn_window(limit: int) -> int:
    """Return the window of a SYN, in bytes, for a buffer of `limit` bytes: it is never scaled (RFC 7323 §2.2)."""
    return limit if limit < MAX_WINDOW_FIELD else MAX_WINDOW_FIELD


def room(limit: int, waiting: int, scale: int) -> int:
    """Return how many bytes may come to a buffer, as far as a window can say it (RFC 7323 §2.3)."""
    free, most = limit - waiting, MAX_WINDOW_FIELD << scale
    return 0 if free < 0 else free if free < most else most


def offered_window(rcv_nxt: int, rcv_adv: int, limit: int, waiting: int, mss: int, scale: int) -> int:
    """Return the window to offer as it goes on the wire, shifted by `scale` (RFC 9293 §3.8.6.2.2).

    Of a buffer of `limit` bytes so many are `waiting` for the application. The right edge of the window, so far
    `rcv_adv`, moves right only by a worthwhile amount: half the buffer, or a full segment. It never moves left, and no
    further than a window can say.
    """
    edge = rcv_nxt + room(limit, waiting, scale)
    grown = edge - rcv_adv
    if grown < mss and grown < limit // 2:
        edge = rcv_adv if rcv_adv > rcv_nxt else rcv_nxt
    window = edge - rcv_nxt >> scale
    if rcv_nxt + (window << scale) < rcv_adv:  # rounding down would take back what was offered (§3.8.6, SHLD-14)
        window = -(rcv_nxt - rcv_adv >> scale)
    return window if window < MAX_WINDOW_FIELD else MAX_WINDOW_FIELD


def ends_time_wait(recent: int, stamp: int, rcv_nxt: int, sequence: int) -> bool:
    """Tell whether a SYN may end TIME-WAIT early: it must be newer than all before (RFC 6191, RFC 9293 §3.6.1).

    `recent` is the latest timestamp of the connection that rests, and `stamp` the SYN's; equal, they tell nothing.
    """
    if stamp != recent:
        return ((stamp - recent) & MASK) < HALF
    return 0 < ((sequence - rcv_nxt) & MASK) < HALF


def segments_in(length: int, mss: int) -> int:
    """Return how many segments a payload counts for: a device may hand over several in one."""
    return 1 if length <= mss else -(-length // mss)


def why_ack_now(quick_acks: int, segments: int, delay: int, filled: bool) -> str:
    """Return why data has to be acknowledged at once; empty if that may wait (RFC 9293 §3.8.6.3, RFC 5681 §4.2).

    `quick_acks` is how many segments are still acknowledged at once because the connection is young, `segments` how
    many wait for an ACK, `delay` how long one may wait at the most, and `filled` says that the data fills a hole.
    """
    if filled:
        return "a hole is filled"
    if quick_acks > 0:
        return "quick: the connection is young"
    if delay == 0:
        return "delayed ACKs are off"
    if segments >= DELAYED_ACK_SEGMENTS:
        return "every second segment"
    return ""
