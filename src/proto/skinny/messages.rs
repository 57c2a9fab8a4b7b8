//! Every SCCP message that is known by its id: name, event and layout.
//!
//! The layouts are those that tshark 4.0 reads, found by trying each id with every header version; steps without
//! interest are skipped, and a message without steps has a body that is not looked at.

use super::fields::*;
use super::layout::Step::{self, *};
use crate::event::EventDef;

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// Its id.
    pub(super) id: u32,
    /// Wireshark's name of it.
    pub(super) name: &'static str,
    /// The event that it gives.
    pub(super) event: &'static EventDef,
    /// Its body.
    pub(super) body: &'static [Step],
    /// Fewer bytes of body than that are no such message.
    pub(super) least: usize,
}

/// The message of that id.
pub(super) fn message(id: u32) -> Option<&'static Message> {
    MESSAGES.binary_search_by_key(&id, |m| m.id).ok().and_then(|i| MESSAGES.get(i))
}

/// The name of that id.
pub(super) fn name(id: u64) -> Option<&'static str> {
    u32::try_from(id).ok().and_then(message).map(|m| m.name)
}

const fn m(id: u32, name: &'static str, event: &'static EventDef, least: usize, body: &'static [Step]) -> Message {
    Message { id, name, event, body, least }
}

static LINE_CALL: &[Step] = &[U32(&LINE_INSTANCE), U32(&CALL_REFERENCE)];
static CONFERENCE_PARTY: &[Step] = &[U32(&CONFERENCE_ID), U32(&PARTY_ID)];
static CONFERENCE_PARTY_CALL: &[Step] = &[Part(CONFERENCE_PARTY), U32(&CALL_REFERENCE)];
static CONFERENCE_CALL: &[Step] = &[U32(&CONFERENCE_ID), U32(&CALL_REFERENCE)];
static CONFERENCE_CALL_PARTY: &[Step] = &[Part(CONFERENCE_CALL), U32(&PARTY_ID)];
static TOKEN: &[Step] = &[Text(&DEVICE_NAME, 16), Skip(4), U32(&INSTANCE), Ip4(&STATION_IP), U32(&DEVICE_TYPE)];
static REMOTE: &[Step] = &[Address(&REMOTE_IPV4, &REMOTE_IPV6), U32(&REMOTE_PORT)];
static GROUP: &[Step] = &[Address(&MULTICAST_IPV4, &MULTICAST_IPV6), U32(&MULTICAST_PORT)];
static HERE: &[Step] = &[Address(&IPV4, &IPV6), U32(&PORT)];
static CODEC: &[Step] = &[U32(&PACKET_MS), U32(&COMPRESSION)];
static ENCRYPTION: &[Step] = &[U32(&ALGORITHM), Skip(4), Secret(&KEY, 16), Secret(&SALT, 16), Skip(16)];
static CALL_SUMS: &[Step] = &[U32(&AUDIO_CAPS), U32(&VIDEO_CAPS), U32(&DATA_CAPS)];
static XML_HEAD: &[Step] = &[Skip(4), Part(LINE_CALL), Skip(4), U32(&XML_LENGTH)];
static XML_OLD: &[Step] = &[Part(XML_HEAD), Sized(&XML, &XML_LENGTH)];
static XML_NEW: &[Step] = &[Part(XML_HEAD), Skip(8), U32(&CONFERENCE_ID), Skip(8), Sized(&XML, &XML_LENGTH)];
static DTMF: &[Step] = &[U32(&TONE), U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER)];
static DTMF_PAYLOAD: &[Step] = &[Skip(4), U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER)];
static QOS_APPLICATION: &[Step] = &[U32(&COMPRESSION), Skip(12 + 32), Text(&VERSION, 16)];
static AUDIO: &[Step] = &[U32(&PACKET_MS)];
static VIDEO: &[Step] = &[U32(&BIT_RATE)];
static CALL_NAMES: &[Step] = &[
    Nul(&CALLING),
    Nul(&ALTERNATE_CALLING),
    Nul(&CALLED),
    Nul(&ORIGINAL_CALLED),
    Nul(&LAST_REDIRECTING),
    Nul(&CALLING_MAILBOX),
    Nul(&CALLED_MAILBOX),
    Nul(&ORIGINAL_MAILBOX),
    Nul(&LAST_MAILBOX),
    Nul(&CALLING_NAME),
    Nul(&CALLED_NAME),
    Nul(&ORIGINAL_CALLED_NAME),
    Nul(&LAST_REDIRECTING_NAME),
];

/// All of them, by ascending id.
#[rustfmt::skip]
pub(super) static MESSAGES: &[Message] = &[
    // The station speaks.
    m(0x0000, "KeepAliveReq", &KEEPALIVE, 0, &[]),
    m(0x0001, "RegisterReq", &REGISTER, 36, &[
        Part(TOKEN), U32(&MAX_STREAMS), May, U32(&ACTIVE_STREAMS), U8(&PROTOCOL_VER), Skip(3 + 8), Mac(&MAC_ADDRESS),
        Skip(2 + 4 + 4), U32(&MAX_LINES), Ip6(&STATION_IPV6), Skip(4), Text(&FIRMWARE, 32), Text(&CONFIG_STAMP, 48),
    ]),
    m(0x0002, "IpPort", &IP_PORT, 2, &[U32(&RTP_MEDIA_PORT)]),
    m(0x0003, "KeypadButton", &KEYPAD, 4, &[U32(&KP_BUTTON), May, Part(LINE_CALL)]),
    m(0x0004, "EnblocCall", &ENBLOC_CALL, 24, &[Number(&CALLED, 25), May, U32(&LINE_INSTANCE)]),
    m(0x0005, "Stimulus", &STIMULUS_EVENT, 8, &[U32(&STIMULUS), U32(&LINE_INSTANCE), May, U32(&CALL_REFERENCE)]),
    m(0x0006, "OffHook", &OFF_HOOK, 0, &[May, Part(LINE_CALL)]),
    m(0x0007, "OnHook", &ON_HOOK, 0, &[May, Part(LINE_CALL)]),
    m(0x0008, "HookFlash", &MESSAGE, 0, &[May, Part(LINE_CALL)]),
    m(0x0009, "ForwardStatReq", &FORWARD_STAT_REQ, 4, &[U32(&LINE_NUMBER)]),
    m(0x000a, "SpeedDialStatReq", &SPEED_DIAL_STAT_REQ, 4, &[U32(&SPEED_DIAL_NUMBER)]),
    m(0x000b, "LineStatReq", &LINE_STAT_REQ, 4, &[U32(&LINE_NUMBER)]),
    m(0x000c, "ConfigStatReq", &CONFIG_STAT_REQ, 0, &[]),
    m(0x000d, "TimeDateReq", &TIME_DATE_REQ, 0, &[]),
    m(0x000e, "ButtonTemplateReq", &BUTTON_TEMPLATE_REQ, 0, &[]),
    m(0x000f, "VersionReq", &VERSION_REQ, 0, &[]),
    m(0x0010, "CapabilitiesRes", &CAPABILITIES_RES, 4, &[
        U32(&CAP_COUNT), Each(&CAP_COUNT, &[U32(&PAYLOAD_CAPABILITY), U32(&MAX_FRAMES), Skip(8)]),
    ]),
    m(0x0012, "ServerReq", &SERVER_REQ, 0, &[]),
    m(0x0020, "Alarm", &ALARM, 84, &[U32(&ALARM_SEVERITY), Text(&TEXT, 80), May, U32(&PARM1), U32(&PARM2)]),
    m(0x0021, "MulticastMediaReceptionAck", &MULTICAST_RECEPTION_ACK, 8, &[
        U32(&MULTICAST_STATUS), U32(&PARTY_ID), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0022, "OpenReceiveChannelAck", &OPEN_RECEIVE_CHANNEL_ACK, 16, &[
        U32(&RECEPTION_STATUS), Part(HERE), U32(&PARTY_ID), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0023, "ConnectionStatisticsRes", &STATISTICS, 57, &[
        Number(&DIRECTORY_NUM, 28), U32(&CALL_REFERENCE), Until(18, &[Skip(4)]), From(18, &[Skip(1)]),
        U32(&PACKETS_SENT), U32(&OCTETS_SENT), U32(&PACKETS_RECEIVED), U32(&OCTETS_RECEIVED), U32(&PACKETS_LOST),
        U32(&JITTER), U32(&LATENCY), May, U32(&STATS_SIZE), Sized(&STATS_DATA, &STATS_SIZE),
    ]),
    m(0x0024, "OffHookWithCallingPartyNumber", &OFF_HOOK, 48, &[
        Number(&CALLING_NUMBER, 25), Number(&CALLING_MAILBOX, 25), May, U32(&LINE_INSTANCE),
    ]),
    m(0x0025, "SoftKeySetReq", &SOFT_KEY_SET_REQ, 0, &[]),
    m(0x0026, "SoftKeyEvent", &SOFT_KEY, 4, &[U32(&SOFT_KEY_EVENT), Part(LINE_CALL)]),
    m(0x0027, "UnregisterReq", &UNREGISTER, 0, &[May, U32(&UNREGISTER_REASON)]),
    m(0x0028, "SoftKeyTemplateReq", &SOFT_KEY_TEMPLATE_REQ, 0, &[]),
    m(0x0029, "RegisterTokenReq", &REGISTER_TOKEN_REQ, 32, &[Part(TOKEN)]),
    m(0x002a, "MediaTransmissionFailure", &MEDIA_FAILURE, 16, &[
        Part(CONFERENCE_PARTY), Part(REMOTE), May, U32(&CALL_REFERENCE),
    ]),
    m(0x002b, "HeadsetStatus", &MESSAGE, 0, &[]),
    m(0x002c, "MediaResourceNotification", &MESSAGE, 4, &[U32(&DEVICE_TYPE)]),
    m(0x002d, "RegisterAvailableLines", &AVAILABLE_LINES, 4, &[U32(&MAX_AVAILABLE_LINES)]),
    m(0x002e, "DeviceToUserData", &XML_DATA, 20, XML_OLD),
    m(0x002f, "DeviceToUserDataResponse", &XML_DATA, 20, XML_OLD),
    m(0x0030, "UpdateCapabilities", &CAPABILITIES_RES, 12, CALL_SUMS),
    m(0x0031, "OpenMultiMediaReceiveChannelAck", &OPEN_RECEIVE_CHANNEL_ACK, 16, &[
        U32(&MULTIMEDIA_STATUS), Part(HERE), U32(&PARTY_ID), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0032, "ClearConference", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0033, "ServiceURLStatReq", &MESSAGE, 4, &[]),
    m(0x0034, "FeatureStatReq", &MESSAGE, 4, &[]),
    m(0x0035, "CreateConferenceRes", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0036, "DeleteConferenceRes", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0037, "ModifyConferenceRes", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0038, "AddParticipantRes", &MESSAGE, 8, CONFERENCE_CALL),
    m(0x0039, "AuditConferenceRes", &MESSAGE, 8, &[
        Skip(4), U32(&NUMBER_OF_ENTRIES), Each(&NUMBER_OF_ENTRIES, &[U32(&CONFERENCE_ID), Skip(72)]),
    ]),
    m(0x0040, "AuditParticipantRes", &MESSAGE, 12, &[Skip(8), U32(&CONFERENCE_ID)]),
    m(0x0041, "DeviceToUserDataVersion1", &XML_DATA, 40, XML_NEW),
    m(0x0042, "DeviceToUserDataResponseVersion1", &XML_DATA, 40, XML_NEW),
    m(0x0043, "CapabilitiesV2Res", &CAPABILITIES_RES, 12, CALL_SUMS),
    m(0x0044, "CapabilitiesV3Res", &CAPABILITIES_RES, 12, CALL_SUMS),
    m(0x0045, "PortRes", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(HERE), May, U32(&RTCP_PORT)]),
    m(0x0046, "QoSResvNotify", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(REMOTE)]),
    m(0x0047, "QoSErrorNotify", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(REMOTE)]),
    m(0x0048, "SubscriptionStatReq", &MESSAGE, 8, &[]),
    m(0x0049, "MediaPathEvent", &MESSAGE, 8, &[]),
    m(0x004a, "MediaPathCapability", &MESSAGE, 8, &[]),
    m(0x004c, "MwiNotification", &MESSAGE, 50, &[]),
    // The CallManager speaks.
    m(0x0081, "RegisterAck", &REGISTER_ACK, 12, &[
        U32(&KEEPALIVE_INTERVAL), Text(&DATE_TEMPLATE, 6), Skip(2), May, U32(&SECONDARY_INTERVAL), U8(&MAX_PROTOCOL_VER),
    ]),
    m(0x0082, "StartTone", &START_TONE, 4, &[U32(&TONE), May, Skip(4), Part(LINE_CALL)]),
    m(0x0083, "StopTone", &STOP_TONE, 0, &[May, Part(LINE_CALL), From(11, &[U32(&TONE)])]),
    m(0x0085, "SetRinger", &SET_RINGER, 4, &[U32(&RING_MODE), May, Skip(4), Part(LINE_CALL)]),
    m(0x0086, "SetLamp", &SET_LAMP, 12, &[U32(&STIMULUS), U32(&STIMULUS_INSTANCE), U32(&LAMP_MODE)]),
    m(0x0087, "SetHookFlashDetect", &MESSAGE, 0, &[]),
    m(0x0088, "SetSpeakerMode", &SET_SPEAKER, 4, &[U32(&SPEAKER_MODE)]),
    m(0x0089, "SetMicroMode", &MESSAGE, 4, &[]),
    m(0x008a, "StartMediaTransmission", &START_MEDIA, 32, &[
        Part(CONFERENCE_PARTY), Part(REMOTE), Part(CODEC), U32(&PRECEDENCE_VALUE), U32(&SILENCE_SUPPRESSION),
        Skip(4 + 4), May, U32(&CALL_REFERENCE), Part(ENCRYPTION), U32(&RFC2833_TYPE),
    ]),
    m(0x008b, "StopMediaTransmission", &STOP_MEDIA, 8, &[Part(CONFERENCE_PARTY), May, U32(&CALL_REFERENCE)]),
    m(0x008f, "CallInfo", &CALL_INFO, 140, &[
        Text(&CALLING_NAME, 40), Text(&CALLING, 24), Text(&CALLED_NAME, 40), Text(&CALLED, 24), Part(LINE_CALL),
        U32(&CALL_TYPE), May, Text(&ORIGINAL_CALLED_NAME, 40), Text(&ORIGINAL_CALLED, 24),
        Text(&LAST_REDIRECTING_NAME, 40), Text(&LAST_REDIRECTING, 24), U32(&ORIGINAL_REASON), U32(&LAST_REASON),
        Text(&CALLING_MAILBOX, 24), Text(&CALLED_MAILBOX, 24), Text(&ORIGINAL_MAILBOX, 24), Text(&LAST_MAILBOX, 24),
        U32(&CALL_INSTANCE), U32(&CALL_SECURITY),
    ]),
    m(0x0090, "ForwardStatRes", &FORWARD_STAT, 36, &[
        Skip(4), U32(&LINE_NUMBER), U32(&FORWARD_ALL), Number(&FORWARD_ALL_NUMBER, 25),
    ]),
    m(0x0091, "SpeedDialStatRes", &SPEED_DIAL_STAT, 68, &[
        U32(&SPEED_DIAL_NUMBER), Text(&SPEED_DIAL_DIR_NUMBER, 24), Text(&SPEED_DIAL_NAME, 40),
    ]),
    m(0x0092, "LineStatRes", &LINE_STAT, 68, &[
        U32(&LINE_NUMBER), Text(&LINE_DIR_NUMBER, 24), Text(&LINE_NAME, 40), May, Text(&LINE_LABEL, 40),
    ]),
    m(0x0093, "ConfigStatRes", &CONFIG_STAT, 112, &[
        Text(&DEVICE_NAME, 16), Skip(4), U32(&INSTANCE), Text(&USER_NAME, 40), Text(&CONFIG_SERVER_NAME, 40),
        U32(&NUMBER_OF_LINES), U32(&NUMBER_OF_SPEED_DIALS),
    ]),
    m(0x0094, "TimeDateRes", &TIME_DATE, 36, &[
        U32(&YEAR), U32(&MONTH), Skip(4), U32(&DAY), U32(&HOUR), U32(&MINUTE), U32(&SECOND), Skip(4), U32(&SYSTEM_TIME),
    ]),
    m(0x0095, "StartSessionTransmission", &MESSAGE, 8, &[Address(&REMOTE_IPV4, &REMOTE_IPV6)]),
    m(0x0096, "StopSessionTransmission", &MESSAGE, 8, &[Address(&REMOTE_IPV4, &REMOTE_IPV6)]),
    m(0x0097, "ButtonTemplateRes", &BUTTON_TEMPLATE, 12, &[Skip(8), U32(&BUTTON_COUNT)]),
    m(0x0098, "VersionRes", &VERSION_RES, 16, &[Text(&VERSION_STR, 16)]),
    m(0x0099, "DisplayText", &DISPLAY, 32, &[Text(&TEXT, 32)]),
    m(0x009a, "ClearDisplay", &DISPLAY, 0, &[]),
    m(0x009b, "CapabilitiesReq", &CAPABILITIES_REQ, 0, &[]),
    m(0x009d, "RegisterReject", &REGISTER_REJECT, 32, &[Text(&TEXT, 32)]),
    m(0x009e, "ServerRes", &SERVER_RES, 280, &[
        Times(5, &[Text(&SERVER_NAME, 48)]), Times(5, &[U32(&SERVER_PORT)]),
        Times(5, &[Address(&STATION_IPV4, &STATION_SERVER_IPV6)]),
    ]),
    m(0x009f, "Reset", &RESET, 4, &[U32(&RESET_TYPE)]),
    m(0x0100, "KeepAliveAck", &KEEPALIVE_ACK, 0, &[]),
    m(0x0101, "StartMulticastMediaReception", &START_MULTICAST_RECEPTION, 32, &[
        Part(CONFERENCE_PARTY), Part(GROUP), Part(CODEC), Skip(4 + 4), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0102, "StartMulticastMediaTransmission", &START_MULTICAST, 36, &[
        Part(CONFERENCE_PARTY), Part(GROUP), Part(CODEC), U32(&PRECEDENCE_VALUE), U32(&SILENCE_SUPPRESSION),
        Skip(4 + 4), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0103, "StopMulticastMediaReception", &STOP_MULTICAST_RECEPTION, 8, &[
        Part(CONFERENCE_PARTY), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0104, "StopMulticastMediaTransmission", &STOP_MULTICAST, 8, &[
        Part(CONFERENCE_PARTY), May, U32(&CALL_REFERENCE),
    ]),
    m(0x0105, "OpenReceiveChannel", &OPEN_RECEIVE_CHANNEL, 24, &[
        Part(CONFERENCE_PARTY), Part(CODEC), Skip(4 + 4), May, U32(&CALL_REFERENCE), Part(ENCRYPTION),
        U32(&RFC2833_TYPE), From(11, &[Skip(4 + 4 + 4), Address(&SOURCE_IPV4, &SOURCE_IPV6), U32(&SOURCE_PORT)]),
    ]),
    m(0x0106, "CloseReceiveChannel", &CLOSE_RECEIVE_CHANNEL, 8, &[Part(CONFERENCE_PARTY), May, U32(&CALL_REFERENCE)]),
    m(0x0107, "ConnectionStatisticsReq", &STATISTICS_REQ, 28, &[Number(&DIRECTORY_NUM, 28), U32(&CALL_REFERENCE)]),
    m(0x0108, "SoftKeyTemplateRes", &SOFT_KEY_TEMPLATE, 12, &[
        Skip(8), U32(&SOFT_KEY_COUNT), Each(&SOFT_KEY_COUNT, &[Skip(16), U32(&SOFT_KEY_EVENT)]),
    ]),
    m(0x0109, "SoftKeySetRes", &SOFT_KEY_SET_RES, 12, &[]),
    m(0x0110, "SelectSoftKeys", &SELECT_SOFT_KEYS, 12, &[Part(LINE_CALL), U32(&SOFT_KEY_SET)]),
    m(0x0111, "CallState", &CALL_STATE_EVENT, 12, &[
        U32(&CALL_STATE), Part(LINE_CALL), May, U32(&PRIVACY), U32(&PRECEDENCE_LEVEL),
    ]),
    m(0x0112, "DisplayPromptStatus", &DISPLAY, 44, &[U32(&TIME_OUT), Text(&PROMPT_STATUS, 32), Part(LINE_CALL)]),
    m(0x0113, "ClearPromptStatus", &DISPLAY, 8, LINE_CALL),
    m(0x0114, "DisplayNotify", &DISPLAY, 36, &[U32(&TIME_OUT), Text(&NOTIFY, 32)]),
    m(0x0115, "ClearNotify", &DISPLAY, 0, &[]),
    m(0x0116, "ActivateCallPlane", &MESSAGE, 4, &[U32(&LINE_INSTANCE)]),
    m(0x0117, "DeactivateCallPlane", &MESSAGE, 0, &[]),
    m(0x0118, "UnregisterAck", &UNREGISTER_ACK, 4, &[U32(&UNREGISTER_STATUS)]),
    m(0x0119, "BackSpaceRes", &MESSAGE, 8, LINE_CALL),
    m(0x011a, "RegisterTokenAck", &REGISTER_TOKEN_ACK, 0, &[]),
    m(0x011b, "RegisterTokenReject", &REGISTER_TOKEN_REJECT, 4, &[U32(&WAIT_TIME)]),
    m(0x011c, "StartMediaFailureDetection", &MESSAGE, 16, &[
        Part(CONFERENCE_PARTY), Part(CODEC), Skip(4 + 4), May, U32(&CALL_REFERENCE),
    ]),
    m(0x011d, "DialedNumber", &DIALED, 32, &[Number(&DIALED_NUMBER, 25), Part(LINE_CALL)]),
    m(0x011e, "UserToDeviceData", &XML_DATA, 20, XML_OLD),
    m(0x011f, "FeatureStatRes", &MESSAGE, 12, &[]),
    m(0x0120, "DisplayPriNotify", &DISPLAY, 40, &[U32(&TIME_OUT), Skip(4), Text(&NOTIFY, 32)]),
    m(0x0121, "ClearPriNotify", &DISPLAY, 4, &[]),
    m(0x0122, "StartAnnouncement", &MESSAGE, 12, &[
        // 32 announcements of 12 bytes, then whether their end is to be told.
        Skip(32 * 12 + 4), U32(&CONFERENCE_ID),
    ]),
    m(0x0123, "StopAnnouncement", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0124, "AnnouncementFinish", &MESSAGE, 8, &[U32(&CONFERENCE_ID)]),
    m(0x0127, "NotifyDtmfTone", &MESSAGE, 12, DTMF),
    m(0x0128, "SendDtmfTone", &MESSAGE, 12, DTMF),
    m(0x0129, "SubscribeDtmfPayloadReq", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012a, "SubscribeDtmfPayloadRes", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012b, "SubscribeDtmfPayloadErr", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012c, "UnSubscribeDtmfPayloadReq", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012d, "UnSubscribeDtmfPayloadRes", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012e, "UnSubscribeDtmfPayloadErr", &MESSAGE, 12, DTMF_PAYLOAD),
    m(0x012f, "ServiceURLStatRes", &MESSAGE, 4, &[]),
    m(0x0130, "CallSelectStatRes", &MESSAGE, 12, &[Skip(4), U32(&CALL_REFERENCE), U32(&LINE_INSTANCE)]),
    m(0x0131, "OpenMultiMediaReceiveChannel", &OPEN_RECEIVE_CHANNEL, 36, &[
        Part(CONFERENCE_PARTY), U32(&COMPRESSION), Part(LINE_CALL), Skip(12), Media(48, AUDIO, VIDEO), May,
        Part(ENCRYPTION), From(11, &[Address(&SOURCE_IPV4, &SOURCE_IPV6), U32(&SOURCE_PORT)]),
    ]),
    m(0x0132, "StartMultiMediaTransmission", &START_MEDIA, 40, &[
        U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER), U32(&COMPRESSION), Part(REMOTE), U32(&CALL_REFERENCE), Skip(8),
        U32(&DSCP), Media(48, AUDIO, VIDEO), May, Part(ENCRYPTION),
    ]),
    m(0x0133, "StopMultiMediaTransmission", &STOP_MEDIA, 12, CONFERENCE_PARTY_CALL),
    m(0x0134, "MiscellaneousCommand", &MESSAGE, 16, &[U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER), U32(&CALL_REFERENCE)]),
    m(0x0135, "FlowControlCommand", &MESSAGE, 16, &[U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER), U32(&CALL_REFERENCE)]),
    m(0x0136, "CloseMultiMediaReceiveChannel", &CLOSE_RECEIVE_CHANNEL, 12, CONFERENCE_PARTY_CALL),
    m(0x0137, "CreateConferenceReq", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0138, "DeleteConferenceReq", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x0139, "ModifyConferenceReq", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x013a, "AddParticipantReq", &MESSAGE, 8, CONFERENCE_CALL),
    m(0x013b, "DropParticipantReq", &MESSAGE, 8, CONFERENCE_CALL),
    m(0x013c, "AuditConferenceReq", &MESSAGE, 0, &[]),
    m(0x013d, "AuditParticipantReq", &MESSAGE, 4, &[U32(&CONFERENCE_ID)]),
    m(0x013e, "ChangeParticipantReq", &MESSAGE, 8, CONFERENCE_CALL),
    m(0x013f, "UserToDeviceDataVersion1", &XML_DATA, 40, XML_NEW),
    m(0x0140, "VideoDisplayCommand", &MESSAGE, 8, CONFERENCE_CALL),
    m(0x0141, "FlowControlNotify", &MESSAGE, 16, &[U32(&CONFERENCE_ID), U32(&PARTY_ID_LOWER), U32(&CALL_REFERENCE)]),
    m(0x0142, "ConfigStatV2Res", &CONFIG_STAT, 18, &[
        Nul(&DEVICE_NAME), Skip(4), U32(&INSTANCE), U32(&NUMBER_OF_LINES), U32(&NUMBER_OF_SPEED_DIALS), Nul(&USER_NAME),
        Nul(&CONFIG_SERVER_NAME),
    ]),
    m(0x0143, "DisplayNotifyV2", &DISPLAY, 4, &[U32(&TIME_OUT), Rest(&NOTIFY)]),
    m(0x0144, "DisplayPriNotifyV2", &DISPLAY, 8, &[U32(&TIME_OUT), Skip(4), Rest(&NOTIFY)]),
    m(0x0145, "DisplayPromptStatusV2", &DISPLAY, 12, &[U32(&TIME_OUT), Part(LINE_CALL), Rest(&PROMPT_STATUS)]),
    m(0x0146, "FeatureStatV2Res", &MESSAGE, 12, &[]),
    m(0x0147, "LineStatV2Res", &LINE_STAT, 8, &[
        U32(&LINE_NUMBER), Skip(4), Nul(&LINE_DIR_NUMBER), Nul(&LINE_NAME), Nul(&LINE_LABEL),
    ]),
    m(0x0148, "ServiceURLStatV2Res", &MESSAGE, 4, &[]),
    m(0x0149, "SpeedDialStatV2Res", &SPEED_DIAL_STAT, 4, &[
        U32(&SPEED_DIAL_NUMBER), Nul(&SPEED_DIAL_DIR_NUMBER), Nul(&SPEED_DIAL_NAME),
    ]),
    m(0x014a, "CallInfoV2", &CALL_INFO, 32, &[
        Part(LINE_CALL), U32(&CALL_TYPE), U32(&ORIGINAL_REASON), U32(&LAST_REASON), U32(&CALL_INSTANCE),
        U32(&CALL_SECURITY), Skip(4), Part(CALL_NAMES), May, From(17, &[Nul(&HUNT_PILOT_NUMBER), Nul(&HUNT_PILOT_NAME)]),
    ]),
    m(0x014b, "PortReq", &MESSAGE, 12, CONFERENCE_CALL_PARTY),
    m(0x014c, "PortClose", &MESSAGE, 12, CONFERENCE_CALL_PARTY),
    m(0x014d, "QoSListen", &MESSAGE, 20, &[
        Part(CONFERENCE_CALL_PARTY), Part(REMOTE), Skip(6 * 4), Part(QOS_APPLICATION),
    ]),
    m(0x014e, "QoSPath", &MESSAGE, 20, &[
        Part(CONFERENCE_CALL_PARTY), Part(REMOTE), Skip(5 * 4), Part(QOS_APPLICATION),
    ]),
    m(0x014f, "QoSTeardown", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(REMOTE)]),
    m(0x0150, "UpdateDSCP", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(REMOTE), May, U32(&DSCP)]),
    m(0x0151, "QoSModify", &MESSAGE, 20, &[Part(CONFERENCE_CALL_PARTY), Part(REMOTE), Skip(4), Part(QOS_APPLICATION)]),
    m(0x0152, "SubscriptionStatRes", &MESSAGE, 8, &[]),
    m(0x0153, "Notification", &MESSAGE, 12, &[Skip(12), Text(&TEXT, 97)]),
    m(0x0154, "StartMediaTransmissionAck", &START_MEDIA_ACK, 20, &[
        Part(CONFERENCE_PARTY_CALL), Address(&TRANSMIT_IPV4, &TRANSMIT_IPV6), U32(&PORT), U32(&TRANSMISSION_STATUS),
    ]),
    m(0x0155, "StartMultiMediaTransmissionAck", &START_MEDIA_ACK, 20, &[
        Part(CONFERENCE_PARTY_CALL), Address(&TRANSMIT_IPV4, &TRANSMIT_IPV6), U32(&PORT),
        U32(&MULTIMEDIA_TRANSMISSION_STATUS),
    ]),
    m(0x0156, "CallHistoryInfo", &MESSAGE, 12, &[Skip(4), Part(LINE_CALL)]),
    m(0x0157, "LocationInfo", &MESSAGE, 0, &[]),
    m(0x0158, "MwiRes", &MESSAGE, 0, &[]),
    m(0x0159, "AddOnDeviceCapabilities", &MESSAGE, 0, &[]),
    m(0x015a, "EnhancedAlarm", &XML_ALARM, 1, &[Rest(&ALARM_INFO)]),
    m(0x015e, "CallCountReq", &MESSAGE, 0, &[]),
    m(0x015f, "CallCountResp", &MESSAGE, 0, &[]),
    m(0x0160, "RecordingStatus", &MESSAGE, 4, &[U32(&CALL_REFERENCE)]),
    // The simple phones of Cisco's SPA series.
    m(0x8000, "SPCPRegisterTokenReq", &REGISTER_TOKEN_REQ, 32, &[Part(TOKEN), May, U32(&MAX_STREAMS)]),
    m(0x8100, "SPCPRegisterTokenAck", &REGISTER_TOKEN_ACK, 0, &[]),
    m(0x8101, "SPCPRegisterTokenReject", &REGISTER_TOKEN_REJECT, 4, &[U32(&WAIT_TIME)]),
];
