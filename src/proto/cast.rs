//! CAST, Cisco Audio Session Tunnel: a video application on a PC and the phone it is plugged into (TCP 4224).
//!
//! Read: the framing, keepalives with their version, capabilities (the codecs), media and call state, calls, and who
//! the partners are. Not read: tunnelled protocols and audio, of which the size is told. There is no public
//! specification: the layouts are those that tshark 4.0 reads, but two. Addresses are in network order here (tshark
//! shows them reversed), and the line of a MakeCall follows the number (tshark reads it out of the number).
//! SCCP without a version looks alike: the port decides, and the first bytes must be CAST as well.

use std::net::{IpAddr, Ipv4Addr};

use super::{Dissect, Expect, On, Out, Probe, Protocol, Segment, Side};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, FieldDef, Fields, Origin, Value, ip, text, uint};

/// CAST over TCP, in clear.
pub static PROTOCOL: Protocol = Protocol {
    name: "cast",
    title: "CAST",
    on: &[On::Tcp(4224)],
    probe,
    new: || Box::<Dissector>::default(),
    fields: FIELDS,
    events: EVENTS,
    samples: &[
        b"\x08\0\0\0\0\0\0\0\x01\0\0\0\x03\0\0\0",
        b"\x08\0\0\0\0\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x40\0\0\0",
        b"\x1c\0\0\0\0\0\0\0\x0d\0\0\0\x05\0\0\0\x01\0\0\0\x34\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x18\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x0a\x1e\0\x07\x45\x15\0\0\x09\0\0\0\x34\x12\0\0",
        b"\x0c\0\0\0\0\0\0\0\xcc\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08",
    ],
};

crate::fields! { FIELDS;
    DATA_LENGTH = uint("cast.data_length", "Bytes of message id and body").unit("bytes");
    MARKER = uint("cast.marker", "Always 0");
    MESSAGE_ID = uint("cast.messageid", "Which message").codes(name);
    VERSION = uint("cast.version", "Version of the protocol");
    VIDEO_CAPS = uint("cast.videoCapCount", "Video codecs that follow");
    DATA_CAPS = uint("cast.dataCapCount", "Data codecs that follow");
    MAX_BW = uint("cast.maxBW", "Highest bandwidth");
    CODEC = uint("cast.payloadCapability", "Codec").codes(codec);
    DIRECTION = uint("cast.transmitOrReceive", "1 receives, 2 sends, 3 both");
    CONFERENCE_ID = uint("cast.conferenceID", "Which conference");
    PARTY_ID = uint("cast.passThruPartyID", "Which channel");
    LINE = uint("cast.lineInstance", "Which line of the phone");
    CALL_ID = uint("cast.callIdentifier", "Which call");
    RFC_NUMBER = uint("cast.payload_rfc_number", "RFC of the payload format");
    PAYLOAD_TYPE = uint("cast.payloadType", "RTP payload type");
    CREATOR = uint("cast.isConferenceCreator", "1 if the receiver made the conference");
    PACKET_MS = uint("cast.millisecondPacketSize", "Media in one packet").unit("ms");
    BIT_RATE = uint("cast.bitRate", "Bit rate of the video").unit("kbit/s");
    MAX_BIT_RATE = uint("cast.maxBitRate", "Highest bit rate").unit("kbit/s");
    STATUS = uint("cast.ORCStatus", "0 ok, 1 error");
    IP = ip("cast.ipAddress", "Where media is received or sent to");
    PORT = uint("cast.portNumber", "Port of the media");
    DSCP = uint("cast.DSCPValue", "Type of service to send with");
    COMMAND = uint("cast.miscCommandType", "Command to the sender of video").codes(command);
    SERVICE = uint("cast.serviceNum", "Which service");
    CALL_STATE = uint("cast.callState", "State of the call").codes(call_state);
    PRIVACY = uint("cast.privacy", "Whether the call is hidden from shared lines");
    PRECEDENCE_LEVEL = uint("cast.precedenceLv", "Precedence of the call");
    PRECEDENCE_DOMAIN = uint("cast.precedenceDm", "Domain of the precedence");
    CALLING_NAME = text("cast.callingPartyName", "Name of the caller");
    CALLING = text("cast.callingParty", "Number of the caller");
    CALLED_NAME = text("cast.calledPartyName", "Name of the called party");
    CALLED = text("cast.calledParty", "Number of the called party");
    CALL_TYPE = uint("cast.callType", "1 inbound, 2 outbound, 3 forwarded");
    ORIGINAL_CALLED_NAME = text("cast.originalCalledPartyName", "Name of the party that was called first");
    ORIGINAL_CALLED = text("cast.originalCalledParty", "Number that was called first");
    LAST_NAME = text("cast.lastRedirectingPartyName", "Name of the party that forwarded last");
    LAST = text("cast.lastRedirectingParty", "Number that forwarded last");
    CALL_INSTANCE = uint("cast.callInstance", "Instance of the call on its line");
    CALL_SECURITY = uint("cast.callSecurityStatus", "How the call is protected");
    AUDIO = uint("cast.audio", "Codec of the tunnelled audio").codes(audio);
    FRIENDLY_NAME = text("cast.stationFriendlyName", "Name of the station");
    GUID = text("cast.stationGUID", "Identity of the station");
    REQUESTOR_IP = ip("cast.requestorIpAddress", "Address of the asking station");
    STATION_IP = ip("cast.stationIpAddress", "Address of the answering station");
    DIRECTORY_NUMBER = text("cast.directoryNumber", "Directory number of the station");
    CALL_STATE_NAME = text("cast.call_state_name", "State of the call in words");
    OPAQUE = uint("cast.opaque_length", "Bytes that are not looked at: a tunnelled protocol, audio").unit("bytes");
}

crate::events! { EVENTS;
    VERSION_ASK = "cast.version", "A keepalive that tells the version: it opens the conversation.";
    VERSION_ACK = "cast.version_ack", "The version is accepted.";
    KEEPALIVE = "cast.keepalive", "One end asks whether the other is there.";
    KEEPALIVE_ACK = "cast.keepalive_ack", "The other end is there.";
    CAPABILITIES = "cast.capabilities", "What the video application can do.";
    OPEN_RECEIVE_CHANNEL = "cast.open_receive_channel", "Media shall be received.";
    OPEN_RECEIVE_CHANNEL_ACK = "cast.open_receive_channel_ack", "Where media is received, or that it cannot be.";
    CLOSE_RECEIVE_CHANNEL = "cast.close_receive_channel", "No media shall be received any more.";
    START_MEDIA = "cast.start_media", "Media shall be sent.";
    STOP_MEDIA = "cast.stop_media", "No media shall be sent any more.";
    VIDEO_COMMAND = "cast.video_command", "A command to the sender of video, such as a new picture.";
    FLOW_CONTROL = "cast.flow_control", "The bit rate is limited.";
    CLEAR_CONFERENCE = "cast.clear_conference", "A conference is over.";
    CALL_STATE_EVENT = "cast.call_state", "The state of a call.";
    CALL_STATE_REQ = "cast.call_state_req", "The state of a call, or of all, is asked for.";
    CALL_INFO = "cast.call_info", "Who calls whom.";
    CALL_INFO_REQ = "cast.call_info_req", "Who calls whom is asked for.";
    CALL_FOCUS = "cast.call_focus", "Which call is in the foreground.";
    MAKE_CALL = "cast.make_call", "The phone shall call.";
    HANG_UP = "cast.hang_up", "The phone shall hang up.";
    ANSWER = "cast.answer", "The phone shall answer.";
    AUDIO_STREAM = "cast.audio", "Tunnelled audio starts, stops or is muted.";
    TUNNEL = "cast.tunnel", "Another protocol inside.";
    REMOTE_REQUEST = "cast.remote_request", "A station says who it is and asks who the other is.";
    REMOTE_RESPONSE = "cast.remote_response", "The other station says who it is.";
    MESSAGE = "cast.message", "A message whose id is not known.";
    MALFORMED = "cast.malformed", "Bytes that are no CAST message.";
}

/// One step through a body.
#[derive(Debug)]
enum Step {
    /// Little-endian number of four bytes.
    Word(&'static FieldDef),
    /// An IPv4 address.
    Ip(&'static FieldDef),
    /// Text of that many bytes, padded with NUL.
    Text(&'static FieldDef, usize),
    /// Bytes without interest.
    Skip(usize),
    /// Steps for audio, for video, for data: the codec decides.
    Media(&'static [Step], &'static [Step], &'static [Step]),
    /// So many slots of so many bytes, of which as many are used as an earlier field says.
    Slots(&'static FieldDef, usize, usize, &'static [Step]),
    /// From here on the body may end.
    May,
    /// All the rest, by its size.
    Opaque,
}
use Step::{Ip, May, Media, Opaque, Skip, Slots, Text, Word};

type Message = (u32, &'static str, &'static EventDef, &'static [Step]);

static CAPABILITY: &[Step] = &[Word(&CODEC), Word(&DIRECTION)];
static CALL_OF_PARTY: &[Step] = &[Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CALL_ID)];
static TUNNELLED: &[Step] = &[Opaque];
static DATA: &[Step] = &[Skip(4), Word(&MAX_BIT_RATE)];

/// All messages, by ascending id.
#[rustfmt::skip]
static MESSAGES: &[Message] = &[
    (0x00, "KeepAlive", &KEEPALIVE, &[]),
    (0x01, "KeepAliveVersion", &VERSION_ASK, &[Word(&VERSION)]),
    (0x02, "KeepAliveVersionACK", &VERSION_ACK, &[Word(&VERSION)]),
    (0x03, "UpdateCapabilities", &CAPABILITIES, &[
        // Six custom pictures of 20 bytes; four services of 40; ten video codecs of 116; five for data of 16.
        Word(&VIDEO_CAPS), Word(&DATA_CAPS), Skip(4 + 4 + 6 * 20 + 4), Word(&MAX_BW), May, Skip(4 + 4 * 40),
        Slots(&VIDEO_CAPS, 10, 116, CAPABILITY), Slots(&DATA_CAPS, 5, 16, CAPABILITY),
    ]),
    (0x04, "EmptyCapabilities", &CAPABILITIES, &[]),
    (0x05, "OpenMultiMediaReceiveChannel", &OPEN_RECEIVE_CHANNEL, &[
        Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CODEC), Word(&LINE), Word(&CALL_ID), Word(&RFC_NUMBER),
        Word(&PAYLOAD_TYPE), Word(&CREATOR), Media(&[Word(&PACKET_MS)], &[Word(&BIT_RATE)], DATA),
    ]),
    (0x06, "OpenMultiMediaReceiveChannelACK", &OPEN_RECEIVE_CHANNEL_ACK, &[
        Word(&STATUS), Ip(&IP), Word(&PORT), Word(&PARTY_ID), Word(&CALL_ID),
    ]),
    (0x07, "CloseMultiMediaReceiveChannel", &CLOSE_RECEIVE_CHANNEL, CALL_OF_PARTY),
    (0x08, "StartMultiMediaTransmission", &START_MEDIA, &[
        Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CODEC), Ip(&IP), Word(&PORT), Word(&CALL_ID), Word(&RFC_NUMBER),
        Word(&PAYLOAD_TYPE), Word(&DSCP), Media(&[Word(&PACKET_MS)], &[Word(&BIT_RATE)], DATA),
    ]),
    (0x09, "StopMultiMediaTransmission", &STOP_MEDIA, CALL_OF_PARTY),
    (0x0a, "MiscellaneousCommand", &VIDEO_COMMAND, &[
        Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CALL_ID), Word(&COMMAND),
    ]),
    (0x0b, "FlowControlCommand", &FLOW_CONTROL, &[
        Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CALL_ID), Word(&MAX_BIT_RATE),
    ]),
    (0x0c, "ClearConference", &CLEAR_CONFERENCE, &[Word(&CONFERENCE_ID), Word(&SERVICE)]),
    (0x0d, "CallState", &CALL_STATE_EVENT, &[
        Word(&CALL_STATE), Word(&LINE), Word(&CALL_ID), May, Word(&PRIVACY), Word(&PRECEDENCE_LEVEL),
        Word(&PRECEDENCE_DOMAIN),
    ]),
    (0x0e, "RequestCallState", &CALL_STATE_REQ, &[Word(&CALL_ID)]),
    (0x0f, "RequestAllCallStates", &CALL_STATE_REQ, &[]),
    (0x10, "CallInfo", &CALL_INFO, &[
        Text(&CALLING_NAME, 40), Text(&CALLING, 24), Text(&CALLED_NAME, 40), Text(&CALLED, 24), Word(&LINE),
        Word(&CALL_ID), Word(&CALL_TYPE), May, Text(&ORIGINAL_CALLED_NAME, 40), Text(&ORIGINAL_CALLED, 24),
        Text(&LAST_NAME, 40), Text(&LAST, 24), Skip(4 + 4 + 4 * 24), Word(&CALL_INSTANCE), Word(&CALL_SECURITY),
    ]),
    (0x11, "RequestCallInfo", &CALL_INFO_REQ, &[Word(&LINE)]),
    (0x12, "CallFocus", &CALL_FOCUS, &[Word(&LINE), Word(&CALL_ID)]),
    (0x13, "MakeCall", &MAKE_CALL, &[Text(&CALLED, 24), May, Word(&LINE)]),
    (0x14, "HangUp", &HANG_UP, &[Word(&LINE)]),
    (0x15, "Answer", &ANSWER, &[Word(&LINE)]),
    (0x40, "KeepAliveACK", &KEEPALIVE_ACK, &[]),
    (0x41, "StreamStart", &AUDIO_STREAM, TUNNELLED),
    (0x42, "StreamStop", &AUDIO_STREAM, TUNNELLED),
    (0x43, "MuteStart", &AUDIO_STREAM, &[]),
    (0x44, "MuteStop", &AUDIO_STREAM, &[]),
    (0x45, "SpeakerStart", &AUDIO_STREAM, &[]),
    (0x46, "SpeakerStop", &AUDIO_STREAM, &[]),
    (0x47, "StreamStartWithCodec", &AUDIO_STREAM, &[Word(&AUDIO)]),
    (0x50, "VIEO discovery", &TUNNEL, TUNNELLED),
    (0x51, "VIEO control", &TUNNEL, TUNNELLED),
    (0x60, "T.120", &TUNNEL, TUNNELLED),
    (0x61, "T.121", &TUNNEL, TUNNELLED),
    (0x62, "T.122", &TUNNEL, TUNNELLED),
    (0x70, "IM session discovery", &TUNNEL, TUNNELLED),
    (0x71, "IM session control", &TUNNEL, TUNNELLED),
    (0x74, "slides discovery", &TUNNEL, TUNNELLED),
    (0x75, "slides control", &TUNNEL, TUNNELLED),
    (0x80, "CAST tunnel", &TUNNEL, TUNNELLED),
    (0x90, "RemoteRequest", &REMOTE_REQUEST, &[Text(&FRIENDLY_NAME, 40), Text(&GUID, 40), Ip(&REQUESTOR_IP)]),
    (0x91, "RemoteResponse", &REMOTE_RESPONSE, &[
        Text(&FRIENDLY_NAME, 40), Text(&GUID, 40), Ip(&STATION_IP), Text(&DIRECTORY_NUMBER, 40),
    ]),
    (0xa0, "collaboration discovery", &TUNNEL, TUNNELLED),
    (0xa1, "collaboration control", &TUNNEL, TUNNELLED),
    (0xa4, "far end camera discovery", &TUNNEL, TUNNELLED),
    (0xa5, "far end camera control", &TUNNEL, TUNNELLED),
    (0xb0, "clock synchronisation", &TUNNEL, TUNNELLED),
    (0xb1, "stream synchronisation", &TUNNEL, TUNNELLED),
    (0xb4, "media discovery", &TUNNEL, TUNNELLED),
    (0xb5, "media control", &TUNNEL, TUNNELLED),
    (0xc0, "session discovery", &TUNNEL, TUNNELLED),
    (0xc1, "session control", &TUNNEL, TUNNELLED),
    (0xc4, "conference discovery", &TUNNEL, TUNNELLED),
    (0xc5, "conference", &TUNNEL, TUNNELLED),
    (0xcc, "SCCP call control proxy", &TUNNEL, TUNNELLED),
    (0xd0, "call discovery", &TUNNEL, TUNNELLED),
    (0xd1, "call control", &TUNNEL, TUNNELLED),
];

fn message(id: u64) -> Option<&'static Message> {
    MESSAGES.binary_search_by_key(&id, |m| u64::from(m.0)).ok().and_then(|i| MESSAGES.get(i))
}

fn name(id: u64) -> Option<&'static str> {
    message(id).map(|m| m.1)
}

fn nth(list: &'static [&'static str], code: u64) -> Option<&'static str> {
    usize::try_from(code).ok().and_then(|i| list.get(i)).copied()
}

fn call_state(code: u64) -> Option<&'static str> {
    const STATES: &[&str] = &[
        "idle",
        "off-hook",
        "on-hook",
        "ring-out",
        "ring-in",
        "connected",
        "busy",
        "congestion",
        "hold",
        "call waiting",
        "transfer",
        "park",
        "proceed",
        "remote multiline",
        "invalid number",
    ];
    nth(STATES, code)
}

fn command(code: u64) -> Option<&'static str> {
    const COMMANDS: &[&str] = &[
        "freeze picture",
        "fast update picture",
        "fast update GOB",
        "fast update MB",
        "lost picture",
        "lost partial picture",
        "recovery reference picture",
        "temporal-spatial tradeoff",
    ];
    nth(COMMANDS, code)
}

fn audio(code: u64) -> Option<&'static str> {
    nth(&["G.711 or G.729", "GSM", "G.723", "G.722", "wideband"], code.checked_sub(1)?)
}

fn codec(code: u64) -> Option<&'static str> {
    Some(match code {
        2 => "G.711 A-law 64k",
        3 => "G.711 A-law 56k",
        4 => "G.711 µ-law 64k",
        5 => "G.711 µ-law 56k",
        6 => "G.722 64k",
        7 => "G.722 56k",
        8 => "G.722 48k",
        9 => "G.723.1",
        10 => "G.728",
        11 => "G.729",
        12 => "G.729A",
        15 => "G.729B",
        16 => "G.729AB",
        25 => "wideband 256k",
        32 => "data 64k",
        33 => "data 56k",
        80 => "GSM",
        100 => "H.261",
        101 => "H.263",
        102 => "Vieo",
        103 => "H.264",
        105 => "T.120",
        106 => "H.224",
        257 => "RFC 2833 telephone events",
        _ => return None,
    })
}

/// Length, marker and message id.
const HEADER: usize = 12;
/// More than any message needs; a length beyond it is none.
const LONGEST: usize = 16_384;

/// What the bytes of a stream begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A message of that many bytes.
    Whole(usize),
    /// The beginning of a message.
    More,
    /// No message.
    Bad(Malformed),
}

/// Cuts the first message off a stream.
pub fn cut(stream: &[u8]) -> Cut {
    let mut r = Reader::new(stream);
    let Ok(length) = r.u32_le("length") else { return Cut::More };
    let Some(size) = usize::try_from(length).ok().filter(|size| (4..=LONGEST).contains(size)) else {
        return Cut::Bad(Malformed { at: 0, what: "length" });
    };
    match r.u32_le("marker") {
        Ok(0) if stream.len() >= size + 8 => Cut::Whole(size + 8),
        Ok(0) | Err(_) => Cut::More,
        Ok(_) => Cut::Bad(Malformed { at: 4, what: "marker" }),
    }
}

/// Reads one message: its fields go to `fields`, in the order of the wire; the event is the one of its id.
pub fn parse<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (&'static EventDef, Option<Malformed>) {
    let mut r = Reader::new(bytes);
    let mut event = &MALFORMED;
    let end = read(&mut r, fields, &mut event);
    let whole = match fields.get(&DATA_LENGTH) {
        Some(Value::Uint(length)) => *length as usize + 8,
        _ => HEADER,
    };
    let cut_off = (bytes.len() < whole).then_some(Malformed { at: bytes.len(), what: "end of the message" });
    (event, end.err().or(cut_off))
}

fn read<'a>(r: &mut Reader<'a>, f: &mut Fields<'a>, event: &mut &'static EventDef) -> Result<(), Malformed> {
    f.uint(&DATA_LENGTH, r.u32_le("length")?, 0, 4);
    f.uint(&MARKER, r.u32_le("marker")?, 4, 4);
    let id = r.u32_le("message id")?;
    f.uint(&MESSAGE_ID, id, 8, 4);
    let steps = match message(u64::from(id)) {
        Some((_, _, known, steps)) => {
            *event = known;
            steps
        }
        None => {
            *event = &MESSAGE;
            TUNNELLED
        }
    };
    let mut may = false;
    match body(steps, r, f, &mut may) {
        Err(_) if may && r.is_empty() => Ok(()),
        end => end,
    }
}

fn body<'a>(steps: &[Step], r: &mut Reader<'a>, f: &mut Fields<'a>, may: &mut bool) -> Result<(), Malformed> {
    for step in steps {
        let at = r.at();
        match *step {
            Word(def) => _ = f.uint(def, r.u32_le(def.name)?, at, 4),
            Ip(def) => _ = f.ip(def, Ipv4Addr::from(r.u32(def.name)?), at, 4),
            Text(def, n) => {
                let padded = r.take(n, def.name)?;
                f.text(def, padded.split(|b| *b == 0).next().unwrap_or_default(), at);
            }
            Skip(n) => _ = r.take(n, "reserved")?,
            Media(audio, video, data) => body(
                match value(f, &CODEC) {
                    Some(100..=104) => video,
                    Some(105..=107 | 32 | 33) => data,
                    _ => audio,
                },
                r,
                f,
                may,
            )?,
            Slots(count, slots, size, steps) => {
                let used = value(f, count).unwrap_or(0);
                for slot in 0..slots {
                    let mut part = r.sub(size, count.name)?;
                    if (slot as u64) < used {
                        body(steps, &mut part, f, may)?;
                    }
                }
            }
            May => *may = true,
            Opaque if r.is_empty() => {}
            Opaque => {
                let n = r.left();
                r.take(n, "opaque")?;
                f.uint(&OPAQUE, n as u64, at, n);
            }
        }
    }
    Ok(())
}

fn value(f: &Fields<'_>, def: &'static FieldDef) -> Option<u64> {
    f.get(def).and_then(Value::as_uint)
}

/// Only messages that are known, and as long as their kind is.
fn probe(bytes: &[u8]) -> Probe {
    let mut rest = bytes;
    let mut found = Probe::NeedMore;
    loop {
        let size = match cut(rest) {
            Cut::Bad(_) => return Probe::No,
            Cut::More | Cut::Whole(_) if rest.len() < HEADER => return found,
            Cut::More => None,
            Cut::Whole(size) => Some(size),
        };
        if !begins(rest) {
            return Probe::No;
        }
        found = Probe::Yes;
        match size.and_then(|size| rest.get(size..)) {
            Some(next) => rest = next,
            None => return found,
        }
    }
}

/// A header of a known message; a keepalive is as long as it always is.
fn begins(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    let (Ok(length), Ok(0), Ok(id)) = (r.u32_le("length"), r.u32_le("marker"), r.u32_le("message id")) else {
        return false;
    };
    let size = match id {
        0x00 | 0x04 | 0x0f | 0x40 => 4..=4,
        0x01 | 0x02 => 8..=8,
        0x05..=0x0d | 0x10 => 12..=4096,
        _ => 4..=4096,
    };
    size.contains(&length) && message(u64::from(id)).is_some()
}

#[derive(Debug, Default)]
struct Dissector {
    /// Per direction: the start of a message is to be looked for.
    lost: [bool; 2],
}

impl Dissect for Dissector {
    fn stream(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) -> usize {
        let all = segment.bytes.len();
        let next_start =
            |at: usize| segment.marks.iter().map(|m| m.at).find(|start| *start > at).unwrap_or(all).min(all);
        let mut lost = self.lost.get(segment.side.index()).is_some_and(|lost| *lost);
        let mut at = 0;
        while let Some(rest) = segment.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // Senders begin a message at the start of a segment: there reading goes on.
            if lost && !begins(rest) {
                if rest.len() < HEADER && !segment.end && !matches!(cut(rest), Cut::Bad(_)) {
                    break;
                }
                at = next_start(at);
                continue;
            }
            lost = false;
            match cut(rest) {
                Cut::Whole(size) => {
                    tell(segment, at..at + size, out);
                    at += size;
                }
                Cut::More if segment.end => {
                    tell(segment, at..all, out);
                    at = all;
                }
                Cut::More => break,
                Cut::Bad(defect) => {
                    let end = next_start(at);
                    let mut fields = out.fields();
                    // What of the header is there; it is known to be wrong.
                    let there = rest.get(..(defect.at + 4).min(end - at)).unwrap_or(rest);
                    let _ = read(&mut Reader::new(there), &mut fields, &mut &MALFORMED);
                    out.event_in(&MALFORMED, fields, segment, at..end, Some(defect));
                    (at, lost) = (end, true);
                }
            }
        }
        self.set_lost(segment.side, lost);
        at
    }

    fn gap(&mut self, side: Side, _lost: u64, _origin: &Origin, _out: &mut Out<'_>) {
        self.set_lost(side, true);
    }
}

impl Dissector {
    fn set_lost(&mut self, side: Side, lost: bool) {
        if let Some(slot) = self.lost.get_mut(side.index()) {
            *slot = lost;
        }
    }
}

fn tell(segment: &Segment<'_>, part: std::ops::Range<usize>, out: &mut Out<'_>) {
    let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
    let mut fields = out.fields();
    let (event, defect) = parse(bytes, &mut fields);
    if let Some(state) = value(&fields, &CALL_STATE).and_then(call_state) {
        fields.str(&CALL_STATE_NAME, state, 0, 0);
    }
    let announced = announced(event, &fields);
    out.event_in(event, fields, segment, part, defect);
    if let Some(expect) = announced {
        out.expect(expect);
    }
}

/// Where RTP will be, if the message says so.
fn announced(event: &'static EventDef, fields: &Fields<'_>) -> Option<Expect> {
    if event != &OPEN_RECEIVE_CHANNEL_ACK && event != &START_MEDIA || value(fields, &STATUS).unwrap_or(0) != 0 {
        return None;
    }
    let port = value(fields, &PORT).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
    let ip: IpAddr = match fields.get(&IP)? {
        Value::Ip(ip) if !ip.is_unspecified() => *ip,
        _ => return None,
    };
    Some(Expect { ip, port, peer: None, ip_proto: 17, proto: "rtp", media: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::{any_stream, stream};

    const PORTS: (u16, u16) = (50000, 4224);

    fn message(id: u32, body: &[u32]) -> Vec<u8> {
        let words = [&[body.len() as u32 * 4 + 4, 0, id], body].concat();
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    /// The lines without header fields and without the prefix of names.
    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        let mut lines = stream(&PROTOCOL, PORTS, &[(Side::Client, bytes)]);
        for line in &mut lines {
            let words = line.split(' ').filter(|word| {
                !["cast.data_length=", "cast.marker=", "cast.messageid="].iter().any(|head| word.starts_with(head))
            });
            *line = words.map(|word| word.strip_prefix("cast.").unwrap_or(word)).collect::<Vec<_>>().join(" ");
        }
        assert_eq!(lines, expected);
    }

    #[test]
    fn any() {
        any_stream(&PROTOCOL, PORTS);
        assert!(MESSAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(PROTOCOL.samples.iter().all(|sample| probe(sample) == Probe::Yes));
    }

    #[test]
    fn samples() {
        let [version, alive, state, ack, tunnel] = PROTOCOL.samples else { panic!() };
        check(version, &["version version=3"]);
        check(alive, &["version_ack version=3", "keepalive", "keepalive_ack"]);
        check(
            state,
            &[
                "call_state callState=5 lineInstance=1 callIdentifier=4660 privacy=0 precedenceLv=0 precedenceDm=0 call_state_name=connected",
            ],
        );
        check(
            ack,
            &[
                "open_receive_channel_ack ORCStatus=0 ipAddress=10.30.0.7 portNumber=5445 passThruPartyID=9 callIdentifier=4660",
                "EXPECT 10.30.0.7:5445 rtp",
            ],
        );
        check(tunnel, &["tunnel opaque_length=8"]);
    }

    #[test]
    fn media_by_codec() {
        let mut body = [0u32; 23];
        body[..9].copy_from_slice(&[1, 9, 101, 1, 4660, 0, 34, 0, 384]);
        let head = "open_receive_channel conferenceID=1 passThruPartyID=9 payloadCapability=101 lineInstance=1 callIdentifier=4660 payload_rfc_number=0 payloadType=34 isConferenceCreator=0";
        check(&message(5, &body), &[&format!("{head} bitRate=384")]);
        body[2] = 4;
        check(&message(5, &body), &[&format!("{} millisecondPacketSize=384", head.replace("=101", "=4"))]);
        let mut start = vec![1, 9, 101, u32::from_le_bytes([10, 20, 0, 60]), 20480, 4660, 0, 34, 136, 384];
        start.resize(28, 0);
        check(
            &message(8, &start),
            &[
                "start_media conferenceID=1 passThruPartyID=9 payloadCapability=101 ipAddress=10.20.0.60 portNumber=20480 callIdentifier=4660 payload_rfc_number=0 payloadType=34 DSCPValue=136 bitRate=384",
                "EXPECT 10.20.0.60:20480 rtp",
            ],
        );
        check(
            &message(7, &[1, 9, 4660]),
            &["close_receive_channel conferenceID=1 passThruPartyID=9 callIdentifier=4660"],
        );
    }

    #[test]
    fn capabilities() {
        let mut body = [0u32; 387];
        (body[0], body[1], body[35]) = (2, 1, 1024);
        (body[77], body[78], body[77 + 29], body[78 + 29]) = (101, 3, 100, 1);
        (body[77 + 290], body[78 + 290]) = (106, 3);
        check(
            &message(3, &body),
            &[
                "capabilities videoCapCount=2 dataCapCount=1 maxBW=1024 payloadCapability=101 transmitOrReceive=3 payloadCapability=100 transmitOrReceive=1 payloadCapability=106 transmitOrReceive=3",
            ],
        );
        check(&message(4, &[]), &["capabilities"]);
    }

    #[test]
    fn short_unknown_and_broken() {
        check(
            &message(13, &[4, 1]),
            &["call_state callState=4 lineInstance=1 call_state_name=ring-in at=20 what=cast.callIdentifier"],
        );
        check(&message(0x33, &[4, 1]), &["message opaque_length=8"]);
        check(&message(0x13, &[0x3130_3031, 0, 0, 0, 0, 0, 2]), &["make_call calledParty=1001 lineInstance=2"]);
        check(&message(0, &[])[..10], &["malformed at=8 what=message id"]);
        let broken = [&message(0, &[])[..], b"\x04\0\0\0\x01\0\0\0\0\0\0\0"].concat();
        check(&broken, &["keepalive", "malformed at=4 what=marker"]);
        let pieces: [(Side, &[u8]); 2] = [(Side::Client, &broken), (Side::Client, &message(0x40, &[]))];
        assert_eq!(stream(&PROTOCOL, PORTS, &pieces).len(), 3, "reading goes on with the next segment");
    }

    #[test]
    fn a_wrong_header_in_two_segments_stays_in_its_message() {
        let lines = stream(&PROTOCOL, PORTS, &[(Side::Client, b"\x01"), (Side::Client, b"\0\0\0\0\0")]);
        assert_eq!(lines.first().map(String::as_str), Some("cast.malformed at=0 what=length"));
    }

    #[test]
    fn what_else_comes_to_the_port() {
        let sccp_v20: &[u8] = b"\x04\0\0\0\x14\0\0\0\0\0\0\0";
        for other in
            [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x03\x01\0\xc8\x01\0\0", &[0; 64], sccp_v20, &message(0x33, &[])]
        {
            assert_eq!(probe(other), Probe::No);
        }
        assert_eq!(probe(b""), Probe::NeedMore);
        assert_eq!(probe(b"\x04\0\0\0\0\0"), Probe::NeedMore);
    }
}
