//! Media and what announces it: RTP streams, IGMP, session descriptions, calls as data.

use std::net::Ipv4Addr;

/// A stream of speech.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Who sends; `None` is the phone.
    pub from: Option<Ipv4Addr>,
    /// From which port.
    pub from_port: u16,
    /// Who is to hear it; `None` is the phone.
    pub to: Option<Ipv4Addr>,
    /// At which port.
    pub to_port: u16,
    /// 0 is PCMU.
    pub payload_type: u8,
    /// Bytes of a packet; 160 are 20 ms of G.711.
    pub bytes: usize,
    /// Type of service byte; 0xb8 is EF.
    pub tos: u8,
    /// Every so many packets one is lost; 0: none.
    pub lose: u32,
    /// Every second packet comes so many µs later.
    pub late: i64,
    /// Of the first phone of the story alone: a group is sent to once.
    pub once: bool,
}

/// From the phone, as it should be.
pub const STREAM: Stream = Stream {
    from: None,
    from_port: 16_384,
    to: Some(PEER),
    to_port: 24_600,
    payload_type: 0,
    bytes: 160,
    tos: 0xb8,
    lose: 0,
    late: 0,
    once: false,
};

/// The other end of calls.
pub const PEER: Ipv4Addr = Ipv4Addr::new(10, 30, 0, 60);

/// A call of the phone, by SIP or SCCP.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Who is called.
    pub number: &'static str,
    /// The payload types that the phone offers.
    pub offers: &'static [u8],
    /// How it is answered: 200, or a refusal.
    pub code: u16,
    /// The payload type of the answer.
    pub answer: u8,
    /// Q.850 cause in the refusal; 0: none.
    pub cause: u16,
    /// The other end.
    pub peer: Ipv4Addr,
    /// The direction that the answer names.
    pub direction: &'static str,
    /// What flows.
    pub streams: &'static [Stream],
    /// Packets of each stream, 20 ms apart.
    pub packets: u32,
    /// Nobody hangs up in the capture.
    pub goes_on: bool,
    /// It rings so long, in seconds, with these streams already.
    pub early: &'static [Stream],
}

/// A call in G.711 to somebody in the branch, both ways, three seconds.
pub const CALL: Call = Call {
    number: "5551234",
    offers: &[0, 18],
    code: 200,
    answer: 0,
    cause: 0,
    peer: PEER,
    direction: "sendrecv",
    streams: &[STREAM, BACK],
    packets: 150,
    goes_on: false,
    early: &[],
};

/// To the phone, as it should be.
pub const BACK: Stream = Stream { from: Some(PEER), from_port: 24_600, to: None, to_port: 16_384, ..STREAM };

/// An RTP packet.
pub fn rtp(stream: &Stream, number: u32, source: u32) -> Vec<u8> {
    let samples = match stream.payload_type {
        0 | 8 | 9 | 18 => 160,
        _ => 90,
    };
    let marker = if number == 0 { 0x80 } else { 0 };
    let mut out = vec![0x80, marker | stream.payload_type];
    out.extend((1000 + number as u16).to_be_bytes());
    out.extend((number * samples).to_be_bytes());
    out.extend(source.to_be_bytes());
    out.resize(12 + stream.bytes, 0xd5);
    out
}

/// IGMP version 2: a station wants a group, or no longer.
pub fn igmp(join: bool, group: Ipv4Addr) -> Vec<u8> {
    let mut out = vec![if join { 0x16 } else { 0x17 }, 0, 0, 0];
    out.extend(group.octets());
    let sum = super::frame::checksum(&[&out]).to_be_bytes();
    out.splice(2..4, sum);
    out
}

/// The hardware address of a group.
pub fn group_mac(group: Ipv4Addr) -> [u8; 6] {
    let [_, b, c, d] = group.octets();
    [0x01, 0x00, 0x5e, b & 0x7f, c, d]
}

/// A session description.
pub fn sdp(ip: Ipv4Addr, port: u16, types: &[u8], direction: &str) -> String {
    let formats: Vec<String> = types.iter().map(u8::to_string).collect();
    let maps: String = types
        .iter()
        .map(|kind| match kind {
            0 => "a=rtpmap:0 PCMU/8000\r\n",
            8 => "a=rtpmap:8 PCMA/8000\r\n",
            9 => "a=rtpmap:9 G722/8000\r\n",
            18 => "a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n",
            _ => "",
        })
        .collect();
    format!(
        "v=0\r\no=Cisco-SIPUA 1 0 IN IP4 {ip}\r\ns=SIP Call\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {}\r\n{maps}a={direction}\r\n",
        formats.join(" ")
    )
}
