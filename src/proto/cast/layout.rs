//! The layouts of CAST messages as data, with the meaning of their codes.

use crate::event::{EventDef, FieldDef, ip, text, uint};

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
pub(super) enum Step {
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
pub(super) use Step::{Ip, May, Media, Opaque, Skip, Slots, Text, Word};

pub(super) type Message = (u32, &'static str, &'static EventDef, &'static [Step]);

static CAPABILITY: &[Step] = &[Word(&CODEC), Word(&DIRECTION)];
static CALL_OF_PARTY: &[Step] = &[Word(&CONFERENCE_ID), Word(&PARTY_ID), Word(&CALL_ID)];
pub(super) static TUNNELLED: &[Step] = &[Opaque];
static DATA: &[Step] = &[Skip(4), Word(&MAX_BIT_RATE)];

/// All messages, by ascending id.
#[rustfmt::skip]
pub(super) static MESSAGES: &[Message] = &[
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

pub(super) fn message(id: u64) -> Option<&'static Message> {
    MESSAGES.binary_search_by_key(&id, |m| u64::from(m.0)).ok().and_then(|i| MESSAGES.get(i))
}

fn name(id: u64) -> Option<&'static str> {
    message(id).map(|m| m.1)
}

fn nth(list: &'static [&'static str], code: u64) -> Option<&'static str> {
    usize::try_from(code).ok().and_then(|i| list.get(i)).copied()
}

pub(super) fn call_state(code: u64) -> Option<&'static str> {
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
