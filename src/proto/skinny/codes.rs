//! What the numbers of SCCP mean: the value lists of tshark 4.0, in words.

/// Declares a function from a number to its meaning.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $($number:literal $meaning:literal),* $(,)?;)*) => { $(
        $(#[$doc])*
        pub(super) fn $name(code: u64) -> Option<&'static str> {
            Some(match code {
                $($number => $meaning,)*
                _ => return None,
            })
        }
    )* };
}

codes! {
    /// Header versions.
    hdr_version:
        0 "basic", 10 "V10", 11 "V11", 15 "V15", 16 "V16", 17 "V17", 18 "V18", 19 "V19", 20 "V20", 21 "V21",
        22 "V22";
    /// States of a call.
    call_state:
        0 "idle", 1 "off-hook", 2 "on-hook", 3 "ring-out", 4 "ring-in", 5 "connected", 6 "busy", 7 "congestion",
        8 "hold", 9 "call waiting", 10 "transfer", 11 "park", 12 "proceed", 13 "remote multiline",
        14 "invalid number", 15 "hold revert", 16 "whisper", 17 "remote hold";
    /// Kinds of reset.
    reset_type:
        1 "reset", 2 "restart", 3 "apply_config";
    /// Reasons to unregister.
    unregister_reason:
        0 "unknown", 1 "power save";
    /// Answers to an unregistering.
    unregister_status:
        0 "ok", 1 "error", 2 "refused: a call is active";
    /// Severities of an alarm.
    alarm_severity:
        0 "critical", 1 "warning", 2 "informational", 4 "unknown", 7 "major", 8 "minor", 10 "marginal",
        20 "trace info";
    /// Directions of a call.
    call_type:
        1 "inbound", 2 "outbound", 3 "forwarded";
    /// Protection of a call.
    call_security:
        0 "unknown", 1 "not authenticated", 2 "authenticated", 3 "encrypted";
    /// Families of an address.
    ip_family:
        0 "IPv4", 1 "IPv6", 2 "IPv4 and IPv6";
    /// What a lamp does.
    lamp_mode:
        1 "off", 2 "on", 3 "wink", 4 "flash", 5 "blink";
    /// How a phone rings.
    ring_mode:
        1 "ring off", 2 "inside ring", 3 "outside ring", 4 "feature ring", 5 "flash only", 6 "precedence ring";
    /// The speaker.
    speaker_mode:
        1 "on", 2 "off";
    /// Keys of the keypad.
    keypad:
        0 "0", 1 "1", 2 "2", 3 "3", 4 "4", 5 "5", 6 "6", 7 "7", 8 "8", 9 "9", 10 "A", 11 "B", 12 "C", 13 "D",
        14 "*", 15 "#", 16 "+";
    /// What became of a request for media.
    media_status:
        0 "ok", 1 "unknown failure", 2 "not enough channels", 3 "codec too complex", 4 "invalid party id",
        5 "invalid call reference", 6 "invalid codec", 7 "invalid packet size", 8 "out of sockets",
        9 "encoder or decoder failed", 10 "invalid dynamic payload type", 11 "requested address type unavailable",
        255 "device on hook";
    /// Encryption of media.
    algorithm:
        0 "none", 1 "AES_CM_128_HMAC_SHA1_32", 2 "AES_CM_128_HMAC_SHA1_80", 3 "F8_128_HMAC_SHA1_32",
        4 "F8_128_HMAC_SHA1_80", 5 "AEAD_AES_128_GCM", 6 "AEAD_AES_256_GCM";
    /// Sets of soft keys.
    soft_key_set:
        0 "on hook", 1 "connected", 2 "on hold", 3 "ring in", 4 "off hook", 5 "connected transferable",
        6 "digits following", 7 "connected conference", 8 "ring out", 9 "offhook with features", 10 "in use hint",
        11 "on hook with stealable call";
    /// Soft keys and texts of the same list.
    soft_key:
        1 "Redial", 2 "NewCall", 3 "Hold", 4 "Transfer", 5 "CfwdAll", 6 "CfwdBusy", 7 "CfwdNoAnswer", 8 "BackSpace",
        9 "EndCall", 10 "Resume", 11 "Answer", 12 "Info", 13 "Confrn", 14 "Park", 15 "Join", 16 "MeetMe",
        17 "PickUp", 18 "GrpPickup", 19 "Your current options", 20 "Off Hook", 21 "On Hook", 22 "Ring out",
        23 "From", 24 "Connected", 25 "Busy", 26 "Line In Use", 27 "Call Waiting", 28 "Call Transfer",
        29 "Call Park", 30 "Call Proceed", 31 "In Use Remote", 32 "Enter number", 33 "Call park At",
        34 "Primary Only", 35 "Temp Fail", 36 "You Have a VoiceMail", 37 "Forwarded to",
        38 "Can Not Complete Conference", 39 "No Conference Bridge", 40 "Can Not Hold Primary Control",
        41 "Invalid Conference Participant", 42 "In Conference Already", 43 "No Participant Info",
        44 "Exceed Maximum Parties", 45 "Key Is Not Active", 46 "Error No License", 47 "Error DBConfig",
        48 "Error Database", 49 "Error Pass Limit", 50 "Error Unknown", 51 "Error Mismatch", 52 "Conference",
        53 "Park Number", 54 "Private", 55 "Not Enough Bandwidth", 56 "Unknown Number", 57 "RmLstC", 58 "Voicemail",
        59 "ImmDiv", 60 "Intrcpt", 61 "SetWtch", 62 "TrnsfVM", 63 "DND", 64 "DivAll", 65 "CallBack",
        66 "Network congestion,rerouting", 67 "Barge", 68 "Failed to setup Barge", 69 "Another Barge exists",
        70 "Incompatible device type", 71 "No Park Number Available", 72 "CallPark Reversion",
        73 "Service is not Active", 74 "High Traffic Try Again Later", 75 "QRT", 76 "MCID", 77 "DirTrfr",
        78 "Select", 79 "ConfList", 80 "iDivert", 81 "cBarge", 82 "Can Not Complete Transfer",
        83 "Can Not Join Calls", 84 "Mcid Successful", 85 "Number Not Configured", 86 "Security Error",
        87 "Video Bandwidth Unavailable", 88 "Video Mode", 201 "Dial", 202 "Record";
    /// Kinds of buttons and lamps.
    stimulus:
        1 "last number redial", 2 "speed dial", 3 "hold", 4 "transfer", 5 "forward all", 6 "forward busy",
        7 "forward no answer", 8 "display", 9 "line", 10 "T120 chat", 11 "T120 whiteboard",
        12 "T120 application sharing", 13 "T120 file transfer", 14 "video", 15 "voice mail", 16 "answer release",
        17 "auto answer", 18 "select", 19 "privacy", 20 "service URL", 21 "blfspeed dial", 22 "dpark",
        23 "intercom", 27 "malicious call", 33 "generic app B1", 34 "generic app B2", 35 "generic app B3",
        36 "generic app B4", 37 "generic app B5", 123 "meet me conference", 125 "conference", 126 "call park",
        127 "call pick up", 128 "group call pick up", 129 "mobility", 130 "do not disturb", 131 "conf list",
        132 "remove last participant", 133 "QRT", 134 "call back", 135 "other pickup", 136 "video mode",
        137 "new call", 138 "end call", 139 "hlog", 143 "queuing";
    /// Tones.
    tone:
        0 "silence", 1 "Dtmf1", 2 "Dtmf2", 3 "Dtmf3", 4 "Dtmf4", 5 "Dtmf5", 6 "Dtmf6", 7 "Dtmf7", 8 "Dtmf8",
        9 "Dtmf9", 10 "Dtmf0", 14 "dtmf star", 15 "dtmf pound", 16 "dtmf a", 17 "dtmf b", 18 "dtmf c", 19 "dtmf d",
        33 "inside dial tone", 34 "outside dial tone", 35 "line busy tone", 36 "alerting tone", 37 "reorder tone",
        38 "recorder warning tone", 39 "recorder detected tone", 40 "reverting tone", 41 "receiver off hook tone",
        42 "message waiting indicator tone", 43 "no such number tone", 44 "busy verification tone",
        45 "call waiting tone", 46 "confirmation tone", 47 "camp on indication tone", 48 "recall dial tone",
        49 "zip zip", 50 "zip", 51 "beep bonk", 52 "music tone", 53 "hold tone", 54 "test tone",
        56 "monitor warning tone", 57 "secure warning tone", 64 "add call waiting", 65 "priority call wait",
        66 "recall dial", 67 "barg in", 68 "distinct alert", 69 "priority alert", 70 "reminder ring",
        71 "precedence ring back", 72 "preemption tone", 73 "non secure warning tone", 80 "MF1", 81 "MF2", 82 "MF3",
        83 "MF4", 84 "MF5", 85 "MF6", 86 "MF7", 87 "MF8", 88 "MF9", 89 "MF0", 90 "MFKP1", 91 "MFST", 92 "MFKP2",
        93 "MFSTP", 94 "MFST3 p", 95 "MILLIWATT", 96 "MILLIWATTTEST", 97 "HIGHTONE", 98 "FLASHOVERRIDE", 99 "FLASH",
        100 "PRIORITY", 101 "IMMEDIATE", 102 "PREAMPWARN", 103 "2105 HZ", 104 "2600 HZ", 105 "440 HZ", 106 "300 HZ",
        107 "mobility WP", 108 "mobility UAC", 109 "mobility WTDN", 110 "mobility MON", 111 "mobility MOFF",
        112 "mobility UKC", 113 "mobility VMA", 114 "mobility FAC", 115 "mobility CMC", 119 "MLPP PALA",
        120 "MLPP ICA", 121 "MLPP VCA", 122 "MLPP BPA", 123 "MLPP BNEA", 124 "MLPP UPA", 125 "TUA", 126 "GONE",
        127 "no tone", 128 "meetme greeting", 129 "meetme numberinvalid", 130 "meetme numberfailed",
        131 "meetme enterpin", 132 "meetme invalidpin", 133 "meetme failedpin", 134 "meetme CFB failed",
        135 "meetme enteraccesscode", 136 "meetme accesscodeinvalid", 137 "meetme accesscodefailed";
    /// Codecs.
    codec:
        2 "G.711 A-law 64k", 3 "G.711 A-law 56k", 4 "G.711 µ-law 64k", 5 "G.711 µ-law 56k", 6 "G.722 64k",
        7 "G.722 56k", 8 "G.722 48k", 9 "G.723.1", 10 "G.728", 11 "G.729", 12 "G.729A", 15 "G.729B", 16 "G.729AB",
        18 "GSM Full Rate", 19 "GSM Half Rate", 20 "GSM Enhanced Full Rate", 25 "wideband 256k", 32 "Data64",
        33 "Data56", 40 "G.722.1 32k", 41 "G.722.1 24k", 42 "AAC", 43 "MP4ALATM 128", 44 "MP4ALATM 64",
        45 "MP4ALATM 56", 46 "MP4ALATM 48", 47 "MP4ALATM 32", 48 "MP4ALATM 24", 49 "MP4ALATM NA", 80 "GSM",
        82 "G.726 32k", 83 "G.726 24k", 84 "G.726 16k", 86 "iLBC", 89 "iSAC", 90 "Opus", 97 "AMR", 98 "AMR WB",
        100 "H.261", 101 "H.263", 102 "Vieo", 103 "H.264", 104 "H.264 SVC", 105 "T.120", 106 "H.224",
        107 "T.38 fax", 108 "TOTE", 109 "H.265", 110 "H.264 UC", 111 "XV150 MR 711U", 112 "NSE VBD 711U",
        113 "XV150 MR 729A", 114 "NSE VBD 729A", 115 "H.264 FEC", 120 "Clear Chan", 222 "Universal Xcoder",
        257 "RFC 2833 telephone events", 258 "pass through", 259 "Dynamic Payload PassThru", 260 "DTMF OOB",
        261 "Inband DTMF RFC2833", 262 "CFB Tones", 299 "no audio", 300 "v150 LC ModemRelay", 301 "v150 LC SPRT",
        302 "v150 LC SSE";
    /// Models of devices.
    device_type:
        1 "Cisco 30 SP+", 2 "Cisco 12 SP+", 3 "Cisco 12 SP", 4 "Cisco 12", 5 "Cisco 30 VIP", 6 "Cisco 7910",
        7 "Cisco 7960", 8 "Cisco 7940", 9 "Cisco 7935", 10 "Station VGC", 11 "VGCVirtual Phone",
        12 "Cisco ATA 186", 13 "Cisco ATA 188", 15 "Emcc Base", 20 "Virtual30SPplus",
        21 "Station Phone Application", 30 "Analog Access", 40 "DigitalAccessTitan1", 41 "Digital Access T1",
        42 "DigitalAccessTitan2", 43 "Digital Access Lennon", 47 "Analog Access Elvis", 48 "VGCGateway",
        50 "Conference Bridge", 51 "Conference Bridge Yoko", 52 "Conference Bridge Dixie Land",
        53 "Conference Bridge Summit", 60 "H225", 61 "H323Phone", 62 "H323Gateway", 70 "Music On Hold", 71 "Pilot",
        72 "Tapi Port", 73 "Tapi Route Point", 80 "Voice In Box", 81 "Voice Inbox Admin", 82 "Line Annunciator",
        83 "Software Mtp Dixie Land", 84 "Cisco MediaServer", 85 "Conference Bridge Flint",
        86 "Conference Bridge Hetro Gen", 87 "Conference Bridge Aud Vid", 88 "Conference HVideo Bridge",
        90 "Route List", 100 "Load Simulator", 110 "Media Termination Point", 111 "Media Termination Point Yoko",
        112 "Media Termination Point Dixie Land", 113 "Media Termination Point Summit", 115 "7941G", 119 "7971",
        120 "MGCPStation", 121 "MGCPTrunk", 122 "RASProxy", 124 "Cisco 7914 AddOn", 125 "Trunk", 126 "Annunciator",
        127 "Monitor Bridge", 128 "Recorder", 129 "Monitor Bridge Yoko", 131 "Sip Trunk", 132 "Sip Gateway",
        133 "Wsm Trunk", 134 "Remote Destination", 227 "Cisco 7915 AddOn", 228 "Cisco 7915 AddOn 24",
        229 "Cisco 7916 AddOn", 230 "Cisco 7916 AddOn 24", 253 "Generic Device", 254 "Unknown MGCPGateway",
        255 "Not Defined", 275 "Nokia E Series", 302 "Cisco 7985", 307 "7911", 308 "Cisco 7961 GE", 309 "7961G GE",
        335 "MotorolaCN622", 336 "3rdPartySipBasic", 348 "Cisco 7931", 358 "Unified Communicator", 365 "7921",
        369 "7906", 374 "3rdPartySipAdv", 375 "Telepresence", 376 "Nokia ICC client", 404 "7962", 412 "3951",
        431 "7937", 434 "7942", 435 "7945", 436 "7965", 437 "7975", 468 "Unified Mobile Communicator",
        484 "Cisco 7925", 493 "9971 CE", 495 "Cisco 6921", 496 "Cisco 6941", 497 "Cisco 6961", 503 "CSF",
        547 "Cisco 6901", 548 "Cisco 6911", 564 "Cisco 6945", 585 "Cisco 8945", 586 "Cisco 8941",
        597 "Cisco TelepresenceMcu", 599 "Cisco TelePresenceExchange",
        600 "Cisco TelePresenceSoftwareConferenceBridge", 631 "ASSip", 635 "Cti Remote Device", 20000 "7905",
        30002 "7920", 30006 "7970", 30007 "7912", 30008 "7902", 30016 "Cisco IP Communicator", 30018 "7961G",
        30019 "7936", 30027 "Analog Phone", 30028 "ISDNBRIPhone", 30032 "SCCPGw Virtual Phone", 30035 "IP STE",
        36041 "Cisco TelePresenceConductor", 36219 "Interactive Voice Response", 80000 "Cisco SPA 521S",
        80003 "Cisco SPA 502G", 80004 "Cisco SPA 504G", 80005 "Cisco SPA 525G", 80007 "Cisco SPA 509G",
        80009 "Cisco SPA 525G2", 80011 "Cisco SPA 303G";
}

/// Whether a model number is that of an IP phone: no gateway port, bridge, media resource or application.
pub(super) fn is_phone(model: u64) -> bool {
    matches!(model, 1..=9 | 115 | 119 | 302 | 307..=309 | 348 | 365 | 369 | 404 | 412 | 431 | 434..=437 | 484 | 493)
        || matches!(model, 495..=497 | 547 | 548 | 564 | 585 | 586 | 20000 | 30002 | 30006..=30008 | 30016 | 30018)
        || matches!(model, 30019 | 30035 | 80000..=80011)
}
