//! Fields and events of RTCP, with Wireshark's names, and what their numbers mean.

use crate::event::{bytes, float, text, time, uint};
use crate::{events, fields};

fields! { FIELDS;
    PT = uint("rtcp.pt", "Type of the packet").codes(packet_type);
    SENDER = uint("rtcp.senderssrc", "Synchronisation source that sends the packet");
    NTP = time("rtcp.timestamp.ntp", "The sender's wall clock");
    RTP_TIME = uint("rtcp.timestamp.rtp", "The same time in the timestamps of the stream");
    SENT = uint("rtcp.sender.packetcount", "Packets the sender has sent");
    SENT_BYTES = uint("rtcp.sender.octetcount", "Bytes of payload the sender has sent").unit("bytes");
    SOURCE = uint("rtcp.ssrc.identifier", "Synchronisation source that is reported, described or left");
    FRACTION = uint("rtcp.ssrc.fraction", "Loss since the last report").unit("1/256");
    CUMULATIVE = float("rtcp.ssrc.cum_nr", "Packets lost in all; negative if more came than were sent");
    HIGHEST = uint("rtcp.ssrc.ext_high", "Highest sequence number received, extended");
    JITTER = uint("rtcp.ssrc.jitter", "Interarrival jitter").unit("ticks");
    LSR = uint("rtcp.ssrc.lsr", "Middle of the NTP time of the last sender report received; 0 for none");
    DLSR = uint("rtcp.ssrc.dlsr", "Time since then").unit("1/65536 s");
    ROUND_TRIP = float("rtcp.roundtrip-delay", "From the point of capture to the reporter and back, if its sender report was captured").unit("ms");
    SDES_TYPE = uint("rtcp.sdes.type", "What a source says of itself").codes(item);
    SDES_TEXT = text("rtcp.sdes.text", "A source's name and description, or why it leaves");
    APP_SUBTYPE = uint("rtcp.app.subtype", "Subtype of an application packet");
    APP_NAME = text("rtcp.app.name", "Name of an application packet");
    APP_DATA = bytes("rtcp.app.data", "Content of an application packet");
    MEDIA = uint("rtcp.mediassrc", "Synchronisation source that feedback is about");
    RTPFB = uint("rtcp.rtpfb.fmt", "Kind of transport feedback").codes(transport_feedback);
    PSFB = uint("rtcp.psfb.fmt", "Kind of payload feedback").codes(payload_feedback);
    NACK_PID = uint("rtcp.rtpfb.nack_pid", "Sequence number that is missing");
    NACK_BLP = uint("rtcp.rtpfb.nack_blp", "Which of the 16 after it are missing too");
    FCI = bytes("rtcp.fci", "Feedback of another kind");
    XR_TYPE = uint("rtcp.xr.bt", "Type of a block of an extended report").codes(block_type);
    DISCARDED = uint("rtcp.ssrc.discarded", "Packets that came too late or too early to be played").unit("1/256");
    BURST_DENSITY = uint("rtcp.xr.voipmetrics.burstdensity", "Loss and discard within bursts").unit("1/256");
    GAP_DENSITY = uint("rtcp.xr.voipmetrics.gapdensity", "Loss and discard between bursts").unit("1/256");
    BURST_DURATION = uint("rtcp.xr.voipmetrics.burstduration", "Mean length of the bursts").unit("ms");
    GAP_DURATION = uint("rtcp.xr.voipmetrics.gapduration", "Mean length between bursts").unit("ms");
    ROUND_TRIP_DELAY = uint("rtcp.xr.voipmetrics.rtdelay", "Round trip between the two ends, as they measured it").unit("ms");
    END_DELAY = uint("rtcp.xr.voipmetrics.esdelay", "Delay within the end").unit("ms");
    SIGNAL = float("rtcp.xr.voipmetrics.signallevel", "Level of the voice").unit("dBm");
    NOISE = float("rtcp.xr.voipmetrics.noiselevel", "Level of the noise").unit("dBm");
    RERL = uint("rtcp.xr.voipmetrics.rerl", "Residual echo return loss").unit("dB");
    GMIN = uint("rtcp.xr.voipmetrics.gmin", "Packets received in a row that end a burst");
    R_FACTOR = uint("rtcp.xr.voipmetrics.rfactor", "R of the call, as the end computed it");
    EXT_R_FACTOR = uint("rtcp.xr.voipmetrics.extrfactor", "R of a part of the call in another network");
    MOS_LQ = float("rtcp.xr.voipmetrics.moslq", "Mean opinion score for listening, as the end computed it");
    MOS_CQ = float("rtcp.xr.voipmetrics.moscq", "Mean opinion score for conversation, as the end computed it");
    BUFFER = uint("rtcp.xr.voipmetrics.jbnominal", "Nominal delay of the jitter buffer").unit("ms");
    BUFFER_MAX = uint("rtcp.xr.voipmetrics.jbmax", "Greatest delay of the jitter buffer so far").unit("ms");
    BUFFER_LIMIT = uint("rtcp.xr.voipmetrics.jbabsmax", "Greatest delay the jitter buffer can have").unit("ms");
    STATS_LOST = uint("rtcp.xr.stats.lost", "Packets lost, of a statistics block");
    STATS_DUPS = uint("rtcp.xr.stats.dups", "Packets that came twice, of a statistics block");
    STATS_MEAN_JITTER = uint("rtcp.xr.stats.meanjitter", "Mean jitter, of a statistics block").unit("ticks");
    STATS_MAX_JITTER = uint("rtcp.xr.stats.maxjitter", "Greatest jitter, of a statistics block").unit("ticks");
    XR_TIME = time("rtcp.xr.timestamp", "Wall clock of a receiver that sends nothing");
    LRR = uint("rtcp.xr.lrr", "Middle of the NTP time of the last such report received");
    DLRR = uint("rtcp.xr.dlrr", "Time since then").unit("1/65536 s");
    ENCRYPTED = bytes("rtcp.encrypted", "What follows the first header and is no RTCP in clear text: SRTCP");
}

events! { EVENTS;
    REPORT = "rtcp.report", "A sender or receiver reports.";
    DESCRIPTION = "rtcp.description", "Sources describe themselves.";
    BYE = "rtcp.bye", "Sources leave.";
    APP = "rtcp.app", "A packet of an application.";
    FEEDBACK = "rtcp.feedback", "A receiver asks for something: a packet again, a whole picture.";
    EXTENDED = "rtcp.extended", "An extended report.";
    OTHER = "rtcp.other", "Another RTCP packet.";
    MALFORMED = "rtcp.malformed", "Bytes that are no RTCP packet.";
}

fn packet_type(code: u64) -> Option<&'static str> {
    Some(match code {
        192 => "full intra-frame request",
        193 => "negative acknowledgement",
        195 => "extended jitter report",
        200 => "sender report",
        201 => "receiver report",
        202 => "source description",
        203 => "goodbye",
        204 => "application",
        205 => "transport feedback",
        206 => "payload feedback",
        207 => "extended report",
        _ => return None,
    })
}

fn item(code: u64) -> Option<&'static str> {
    ["end", "canonical name", "name", "e-mail", "phone", "location", "tool", "note", "private"]
        .get(code as usize)
        .copied()
}

fn transport_feedback(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "packets are missing",
        3 => "bit rate requested",
        4 => "bit rate notified",
        15 => "transport-wide congestion",
        _ => return None,
    })
}

fn payload_feedback(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "picture lost",
        2 => "slice lost",
        3 => "reference picture",
        4 => "full picture requested",
        15 => "application",
        _ => return None,
    })
}

fn block_type(code: u64) -> Option<&'static str> {
    let names = [
        "loss runs",
        "duplicate runs",
        "receipt times",
        "receiver reference time",
        "delay since last receiver report",
        "statistics",
        "VoIP metrics",
    ];
    names.get(usize::try_from(code.checked_sub(1)?).ok()?).copied()
}
