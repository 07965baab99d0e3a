"""In what Aether and Linux are known to differ: each class with the clause, who is right, and what it looks like.

`docs/drill.md` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.drill.differ import matchers as m
from tests.drill.differ.comparison import Difference, differences
from tests.drill.differ.play import Trace
from tests.drill.differ.programs import Program


@dataclass(frozen=True, slots=True)
class Known:
    """A class of differences."""

    name: str
    clause: str
    right: str
    """Who is right by that clause: Aether, Linux, both or neither."""
    aether: str
    """What Aether does."""
    linux: str
    matches: Callable[[Difference], str]
    """As in `matchers`."""

    def row(self) -> str:
        """Return its line in the documentation."""
        return f"| `{self.name}` | {self.aether} | {self.linux} | {self.clause}: {self.right} |"


KNOWN: tuple[Known, ...] = (
    Known(
        "old-ack", "RFC 5961 §5.2", "both", "takes an ACK down to the largest window below SND.UNA",
        "only down to the first number, and challenges the rest", m.old_ack),
    Known(
        "echo-in-syn-received", "RFC 7323 §3.2", "both", "takes whatever timestamp the ACK of a SYN,ACK echoes",
        "only one that it has sent with a SYN,ACK", m.echo_in_syn_received),
    Known(
        "delayed-ack", "RFC 9293 §3.8.6.3", "both", "acknowledges a FIN at once",
        "after up to 40 ms, and other things at once or not by its own measure", m.delayed_ack),
    Known(
        "push", "RFC 9293 §3.9.1.2", "both", "PSH at the end of what was written",
        "also whenever half the window was written since the last one", m.push),
    Known(
        "minshall", "RFC 9293 §3.7.4", "Aether", "holds a small segment back while anything is out",
        "only while another small one is out (Minshall)", m.minshall),
    Known(
        "window-back", "RFC 9293 §3.10.7.4", "Aether", "takes the window of a segment with the numbers of the last one",
        "only if it is larger, or 0", m.window_back),
    Known(
        "paws-old-ack", "RFC 7323 §5.3", "Aether", "acknowledges a segment whose timestamp is too old",
        "not if it carries no data", m.paws_old_ack),
    Known(
        "echo-after-delay", "RFC 7323 §4.3", "both", "echoes the timestamp of its own last acknowledgement",
        "of its own, at another time", m.echo_after_delay),
    Known(
        "echo-of-duplicate", "RFC 7323 §5.3", "Aether", "takes no timestamp from a segment outside of the window",
        "takes it from one that ends where the window begins", m.echo_of_duplicate),
    Known(
        "data-after-fin", "RFC 9293 §3.10.7.4", "Aether", "ignores data beyond the peer's FIN",
        "resets the connection, or forgets what waited beyond a hole", m.data_after_fin),
    Known(
        "simultaneous-options", "RFC 7323 §3.2", "Aether",
        "answers a SYN that crosses its own with the options of both",
        "with all that its own SYN had",
        m.simultaneous),
    Known(
        "send-before-open", "RFC 9293 §3.10.2", "both", "takes data while the connection is being opened",
        "refuses it on a socket that does not wait (EAGAIN), as POSIX has it", m.send_before_open),
    Known(
        "probe-at-edge", "RFC 8985 §7.3", "both", "probes with as much new data as the window has room for",
        "with the last segment again unless a whole one has room", m.probe_at_edge),
    Known(
        "close-in-syn-received", "RFC 9293 §3.10.4", "Aether",
        "sends the FIN of a shutdown() at once, if nothing was written", "waits for the end of the handshake",
        m.close_in_syn_received),
    Known(
        "fin-beyond-cwnd", "RFC 5681 §3.1", "both", "sends a FIN without data whatever cwnd is",
        "when cwnd has room for a segment", m.fin_beyond_window),
    Known(
        "ends-at-window", "RFC 9293 §3.10.7.4", "Aether", "discards a reset that ends where the window begins",
        "challenges it", m.ends_at_window),
    Known(
        "without-ack", "RFC 9293 §3.10.7.4", "Aether",
        "acknowledges a segment outside of the window before it looks for ACK",
        "discards what has neither ACK, RST nor SYN",
        m.without_ack),
    Known(
        "until-acknowledged", "RFC 9293 §3.10.7.4", "Aether", "judges segments by what has arrived",
        "by what it has acknowledged, so that old ones pass while that is delayed", m.until_acknowledged),
    Known(
        "challenge-rate", "RFC 5961 §7", "both", "answers one unacceptable segment in half a second",
        "so it does, and has then answered another one, where they differ in what is unacceptable", m.challenge_rate),
    Known(
        "cork-pushed", "tcp(7)", "Aether", "holds what is corked until a segment is full, or 200 ms",
        "lets it go with the next acknowledgement", m.cork_pushed),
    Known(
        "few-duplicates", "RFC 5681 §3.2", "both", "sends again after three duplicates, whatever is in flight",
        "not where fewer segments are in flight than would bring three about", m.few_duplicates),
    Known(
        "collapsed", "RFC 9293 §3.8.1", "both", "sends segments again as they were",
        "puts small ones together", m.collapsed),
    Known(
        "bytes-of-cwnd", "RFC 5681 §3.1", "Aether", "counts cwnd in bytes", "in segments, however small",
        m.bytes_of_cwnd),
    Known(
        "wrong-ack-in-syn-received", "RFC 9293 §3.10.7.4", "Aether", "looks at numbers, RST and SYN before the ACK",
        "resets for the wrong ACK first", m.wrong_ack_in_syn_received),
    Known(
        "queue-after-reset", "tcp(7)", "both",
        "nothing is queued after a reset",
        "what was queued before is still counted, and a FIN always",
        m.queue_after_reset),
    Known(
        "limited-transmit", "RFC 3042 §2", "Aether", "sends new data for each of the first two duplicates",
        "without SACK for fewer", m.limited_transmit),
    Known(
        "application-limited", "RFC 7661 §4.3", "both", "keeps a cwnd that was not used in full, until it idles",
        "halves what was not used, after each time-out's length", m.application_limited),
    Known(
        "reset-at-fin", "RFC 9293 §3.10.7.4", "Aether", "believes a reset at RCV.NXT alone",
        "also one at the number of the peer's FIN", m.reset_at_fin),
    Known(
        "old-reset", "RFC 7323 §5.2", "Aether", "believes a reset whatever its timestamp",
        "discards one with an old timestamp in SYN-RECEIVED and TIME-WAIT", m.old_reset),
    Known(
        "frto-without-sack", "RFC 5682 §2.1", "both", "looks for spurious time-outs with SACK only", "without it, too",
        m.frto_without_sack),
    Known(
        "send-buffer", "tcp(7)", "both", "takes what its send buffer has room for", "counts what holds the bytes, too",
        m.send_buffer),
    Known(
        "repacketised", "RFC 9293 §3.8.1", "both", "cuts what is in flight anew where the path is narrower",
        "cuts each segment by itself", m.repacketised),
    Known(
        "disruption", "RFC 6069 §4", "both", "leaves the time-out as it is when a host is said to be out of reach",
        "takes its backoff back, and sends again", m.disruption),
    Known(
        "new-data-in-recovery", "RFC 9937 §6", "Aether", "sends one segment for the ACK that begins a recovery",
        "new data, too", m.new_data_in_recovery),
    Known(
        "duplicates-after-timeout", "RFC 5681 §3.1", "both",
        "a duplicate after a time-out lets the next lost segment go",
        "only if something new was sent since",
        m.duplicates_after_timeout),
    Known(
        "after-timeouts", "RFC 5682 §3.1", "Aether", "looks for a spurious time-out at the first one only",
        "at those that follow, too, and gives cwnd back", m.after_timeouts),
    Known(
        "reset-options", "RFC 7323 §3.2", "both", "a reset of a connection carries its timestamp, and nothing else",
        "one that answers a segment carries none, and that of close() SACK blocks too", m.reset_options),
    Known(
        "urgent", "RFC 6093 §2", "Aether",
        "leaves urgent data in the stream",
        "takes the byte at the pointer out of it",
        m.urgent),
    Known(
        "orphan-in-fin-wait-2", "RFC 5961 §4.2", "Aether",
        "treats FIN-WAIT-2 as any other state when nobody holds the socket any more",
        "resets all but an exact FIN, and ends with any reset inside the window",
        m.orphan_in_fin_wait_2),
    Known(
        "syn-in-syn-received", "RFC 9293 §3.10.7.4", "neither",
        "challenges a SYN inside the window of a half-open connection",
        "resets it; the RFC would go back to LISTEN and say nothing",
        m.syn_in_syn_received),
    Known(
        "synack-data", "RFC 9293 §3.10.7.3", "Aether", "takes data in a SYN,ACK", "discards it, without Fast Open",
        m.synack_data),
    Known(
        "reset-at-sack", "RFC 5961 §3.2", "Aether", "believes a reset at RCV.NXT alone",
        "also one at the end of what it has SACKed", m.reset_at_sack),
    Known(
        "close-of-listener", "RFC 9293 §3.10.4", "both", "resets handshakes when their listener is closed",
        "forgets them", m.close_of_listener),
    Known(
        "close-in-closing", "RFC 9293 §3.10.5", "Aether", "sends no reset when both ends have sent a FIN",
        "sends one if data is unread", m.close_in_closing),
    Known(
        "shutdown-unconnected", "shutdown(2)", "Aether", "ENOTCONN, and nothing changes",
        "ENOTCONN, and from then on the socket is shut down nevertheless", m.shutdown_unconnected),
    Known(
        "segment-before-open", "tcp(7)", "both", "says 536 for TCP_MAXSEG before the peer has said anything",
        "takes the timestamp off that", m.segment_before_open),
    Known(
        "icmp-next", "RFC 5927 §4.1", "Aether", "believes no ICMP error about what is not in flight",
        "takes the number that comes next for one in flight", m.icmp_next),
    Known(
        "acknowledged-late", "RFC 9293 §3.10.7.4", "both",
        "sends new data before it looks at what came with the acknowledgement",
        "looks at all of a segment before it sends",
        m.acknowledged_late),
    Known(
        "duplicate-late", "RFC 2883 §4", "Aether", "reports a duplicate once, with the next acknowledgement",
        "in each segment until one without data leaves", m.duplicate_late),
    Known(
        "duplicate-half-open", "RFC 2883 §4", "both", "reports duplicates in SYN-RECEIVED",
        "only once the handshake is complete", m.duplicate_half_open),
    Known(
        "isn-of-the-second", "RFC 9293 §3.4.1", "Aether", "takes a new initial number for each attempt",
        "goes on from the number of the one that was refused", m.isn_of_the_second),
    Known(
        "time-wait-told", "tcp(7)", "both", "tells of TIME-WAIT", "says that the socket is closed", m.time_wait_told),
    Known(
        "silly-window", "RFC 9293 §3.8.6.2.1", "Aether", "keeps back what the window cuts to less than a segment",
        "sends it", m.silly_window),
    Known(
        "answered-in-syn-sent", "RFC 6298 §5", "Aether", "a wrong ACK in SYN-SENT is reset, and the timer goes on",
        "the SYN goes again at once", m.answered_in_syn_sent),
    Known(
        "deferred", "RFC 9293 §3.7.4", "both", "sends a full segment as soon as it may",
        "waits for more, to send several at once", m.deferred),
    Known(
        "resend-rearms", "RFC 6298 §5.1", "both", "the timer runs on when a segment is sent again",
        "it starts anew with the first one that is sent again", m.resend_rearms),
    Known(
        "from-sending", "RFC 6298 §5.3", "Aether", "the time-out counts from the acknowledgement that came last",
        "after a probe from when the segment had left", m.from_sending),
    Known(
        "stretch-ack", "RFC 3465 §2.2, §2.3", "Aether",
        "grows cwnd by two segments for one acknowledgement at the most, by one while a time-out is made good",
        "by all that it acknowledges",
        m.stretch_ack),
    Known(
        "shrunk-window", "RFC 9293 §3.8.6", "both", "sends what is in flight again, although the window has shrunk",
        "only what is inside, and makes no probe beyond it", m.shrunk_window),
    Known(
        "share-of-flight", "RFC 9438 §4.6", "both", "takes a share of what is in flight for ssthresh",
        "of cwnd, although it was not used in full", m.share_of_flight),
    Known(
        "proportional", "RFC 9937 §6.2", "both", "counts in bytes what an acknowledgement lets be sent again",
        "in segments", m.proportional),
    Known(
        "trip-of-the-first", "RFC 6298 §3", "both", "measures the segment that had left last",
        "the one that had left first, and a crossing SYN from its second on", m.trip_of_the_first),
    Known(
        "accept-after-reset", "accept(2)", "both", "forgets a connection that is reset before it is accepted",
        "gives it out, and says ECONNRESET when it is used", m.accept_after_reset),
    Known(
        "syn-again", "RFC 6298 §5.5", "Aether", "waits twice as long each time a SYN is lost",
        "as long as before, for the first four", m.syn_again),
    Known(
        "reset-in-syn-received", "RFC 5961 §3.2", "Aether",
        "challenges a reset inside the window of a half-open connection",
        "believes it", m.reset_in_syn_received),
    Known(
        "duplicate-ahead", "RFC 5681 §2", "Aether", "counts duplicates whatever their numbers",
        "not the first of a higher number: it could bring a window", m.duplicate_ahead),
    Known(
        "recovery-after-spurious", "RFC 9937 §6.2", "Aether",
        "sends at once what is lost as a recovery begins, after a spurious time-out as well",
        "begins the recovery, and sends nothing yet", m.recovery_after_spurious),
    Known(
        "reset-in-closing", "RFC 9293 §3.10.7.4", "Aether",
        "says nothing of a reset when both ends have sent a FIN and all data was acknowledged",
        "ECONNRESET", m.reset_in_closing),
    Known(
        "probe-after-recovery", "RFC 8985 §7.2", "Aether", "may probe the tail after the ACK that ends a recovery",
        "only after the one that follows", m.probe_after_recovery),
    Known(
        "number-of-the-syn", "RFC 2883 §4", "Aether", "reports the number of a SYN twice, if data begins there",
        "reports nothing", m.number_of_the_syn),
    Known(
        "timer-of-a-part", "RFC 6298 §5.3", "Aether", "starts the timer anew for whatever new data is acknowledged",
        "not for a part of a segment", m.timer_of_a_part),
    Known(
        "probe-after-timeout", "RFC 8985 §7.4.1", "Aether", "may probe the tail again once a time-out is over",
        "not before what an earlier probe asked for is acknowledged", m.probe_after_timeout),
    Known(
        "refused-half-open", "RFC 9293 §3.10.7.4", "Aether",
        "ECONNREFUSED after a reset in SYN-RECEIVED, if both ends opened", "ECONNRESET", m.refused_half_open),
    Known(
        "threshold-falls", "RFC 5681 §3.2", "Aether", "sends again after three duplicates",
        "after fewer, once more duplicates came than segments were in flight", m.threshold_falls),
    Known(
        "window-of-overtaken", "RFC 9293 §3.10.7.4", "Aether",
        "takes no window from a segment that was sent before the one that brought the last",
        "takes it if that acknowledges something new", m.window_of_overtaken),
    Known(
        "reordering-edge", "RFC 8985 §6.2", "both", "sends again at once what the time for reordering is over for",
        "a moment later, where its clock or its timer says so", m.reordering_edge),
    Known(
        "reset-with-syn", "RFC 9293 §3.10.7.4", "Aether",
        "believes a reset at RCV.NXT in SYN-RECEIVED, whatever comes with it",
        "ignores one that has SYN, too", m.reset_with_syn),
    Known(
        "resent-first", "RFC 9293 §3.10.7.4", "both",
        "looks at all of a segment before it sends again what is lost",
        "sends again first, and acknowledges with the number of before", m.resent_first),
    Known(
        "part-sacked", "RFC 8985 §7.2", "Aether", "makes no probe of the tail while bytes are SACKed",
        "while segments are, as a whole", m.part_sacked),
    Known(
        "probe-put-off", "RFC 8985 §7.2", "Aether", "new data after a probe leaves the time-out as it is",
        "puts it off as if another probe were due", m.probe_put_off),
    Known(
        "lost-again", "RFC 6675 §4", "Aether", "sends first again what was lost twice, if it comes first",
        "what was lost once", m.lost_again),
    Known(
        "old-sack", "RFC 6675 §5", "Aether", "takes SACK blocks of an old acknowledgement, and sends what they let out",
        "takes them, and sends nothing after a time-out", m.old_sack),
    Known(
        "compressed", "RFC 5681 §4.2", "Aether", "acknowledges each segment beyond a hole at once",
        "from the fourth on after a moment, several together", m.compressed),
    Known(
        "ack-in-time-wait", "RFC 9293 §3.10.7.4", "both",
        "answers an acknowledgement of what was never sent in TIME-WAIT", "does not", m.ack_in_time_wait),
    Known(
        "probe-of-window", "RFC 9293 §3.8.6.1", "both", "waits twice as long for each probe of a closed window",
        "anew after whatever it is told, and four times as long if a time-out came before", m.probe_of_window),
)


def explain(program: Program, ours: Trace, theirs: Trace) -> tuple[list[str], Difference | None]:
    """Return the names of known differences, and the first that is none of them."""
    names: list[str] = []
    walk = differences(program, ours, theirs)
    try:
        found = next(walk)
        while True:
            found = replace(found, passed=tuple(names))
            for known in KNOWN:
                what = known.matches(found)
                if what:
                    break
            else:
                if found.kind == "undecided":
                    return [*names, "undecided"], None
                return names, found
            if known.name not in names:
                names.append(known.name)
            if what == "end":
                return names, None
            found = walk.send(what)
    except StopIteration:
        return names, None
