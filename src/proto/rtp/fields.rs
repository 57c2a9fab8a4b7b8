//! Fields and events of RTP. Those of the packet and of digits have Wireshark's names.

use super::packet;
use crate::event::{flag, float, text, uint};
use crate::{events, fields};

fields! { FIELDS;
    SSRC = uint("rtp.ssrc", "Synchronisation source: who sends the stream");
    P_TYPE = uint("rtp.p_type", "Payload type").codes(packet::payload_name);
    CODEC = text("rtp.codec", "Codec of the payload type: as signalling names it, else as its number does");
    MARKER = flag("rtp.marker", "Marker: speech begins, or a video frame ends");
    SEQ = uint("rtp.seq", "Sequence number: of the first packet, or the first missing");
    TIMESTAMP = uint("rtp.timestamp", "Timestamp of the first packet");
    CSRC = uint("rtp.csrc.item", "Contributing source, in a mixed stream");
    EXT_PROFILE = uint("rtp.ext.profile", "Profile of the header extension");
    DSCP = uint("rtp.dscp", "Differentiated services code points of its packets");
    TTL = uint("rtp.ttl", "IP time to live of the first packet");
    ANNOUNCED = flag("rtp.announced", "Signalling announced the stream, as far as it was captured");
    SECURED = flag("rtp.secured", "Signalling announced SRTP; not there where it said nothing of it");
    BOTH_WAYS = flag("rtp.both_ways", "While it ran, media came to the port it was sent from, or from its receiver's address to its sender's");
    CLOCK = uint("rtp.clock_rate", "Clock of the timestamps: the codec's, or for a dynamic payload type found in them").unit("Hz");
    PTIME = float("rtp.ptime_ms", "Speech in one packet").unit("ms");
    PACKETS = uint("rtp.packets", "Packets so far; at the end all since the start");
    COPIES = uint("rtp.copies", "Packets among them that are copies made by a SPAN port, and in no other number");
    BYTES = uint("rtp.bytes", "Bytes of the payloads").unit("bytes");
    EXPECTED = uint("rtp.expected", "Packets sent, by the sequence numbers");
    LOST = uint("rtp.lost", "Packets that did not come");
    LOSS_PERCENT = float("rtp.loss_percent", "Packets that did not come, of those sent").unit("%");
    DUPLICATES = uint("rtp.duplicates", "Sequence numbers that came twice");
    REORDERED = uint("rtp.reordered", "Packets that came after a later one");
    RESTARTS = uint("rtp.restarts", "How often the sequence numbers began anew");
    JITTER = float("rtp.jitter_ms", "Mean interarrival jitter (RFC 3550)").unit("ms");
    MAX_JITTER = float("rtp.max_jitter_ms", "Greatest interarrival jitter (RFC 3550)").unit("ms");
    DURATION = float("rtp.duration_ms", "From the first packet to the last").unit("ms");
    FIRST_FRAME = uint("rtp.first_frame", "Frame of the first packet");
    LAST_FRAME = uint("rtp.last_frame", "Frame of the last packet");
    RUNNING = flag("rtp.running", "The capture ended while the stream ran");
    MISSING = uint("rtp.missing", "Packets that are missing in a row");
    GAP_MS = float("rtp.gap_ms", "Speech that is missing").unit("ms");
    SSRC_BEFORE = uint("rtp.ssrc_before", "Synchronisation source before");
    P_TYPE_BEFORE = uint("rtp.p_type_before", "Payload type before").codes(packet::payload_name);
    R_FACTOR = float("rtp.r_factor", "Rating by loss and codec (G.107), without the delay, which one point of capture does not know");
    MOS = float("rtp.mos", "Mean opinion score of that rating, 1 to 4.5");
    IE = float("rtp.ie", "Equipment impairment of the codec, as the rating took it (G.113)");
    BPL = float("rtp.bpl", "Robustness of the codec against loss, as the rating took it; G.711 with concealment (G.113)");
    BURST_RATIO = float("rtp.burst_ratio", "Mean length of the loss runs over that of random loss, as the rating took it");
    EVENT_ID = uint("rtpevent.event_id", "Digit: 10 star, 11 hash, 16 flash").secret();
    EVENT_END = flag("rtpevent.end_of_event", "The last packet of the digit came");
    EVENT_VOLUME = uint("rtpevent.volume", "Attenuation of the digit").unit("dB");
    EVENT_DURATION = uint("rtpevent.duration", "Length of the digit").unit("ticks");
}

events! { EVENTS;
    START = "rtp.start", "A stream begins.";
    GAP = "rtp.gap", "Packets are missing; told once they can no longer come late.";
    CHANGE = "rtp.change", "The sender of a stream, or its payload type, is another one.";
    EVENT = "rtp.event", "A digit was sent in the stream.";
    STOP = "rtp.stop", "A stream is over: nothing came for 10 s, or the capture ended. Dated at its last packet.";
    MALFORMED = "rtp.malformed", "A packet of a stream whose header cannot be read.";
}
