//! What a story is made of: a site, and steps over it. Data only; [`super::play`] turns it into frames.
//!
//! A story says by hand what an expert concludes. Nothing here is derived from the models that judge captures.

use std::net::Ipv4Addr;

use super::cnf::{Default, Device};
use super::dhcp::{LEASE, Lease};
use super::media::{Call, Stream};
use super::noise::Noise;
use super::sip::Purpose;
use super::talk::Talk;
use super::trust::{Damage, List};

/// A documented sequence, whole or broken at one place.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// `dhcp-no-option-150`
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// The sequences it shows: `S2`.
    pub sequence: &'static str,
    /// What an expert concludes from the packets.
    pub concludes: &'static str,
    /// Ids of findings that must come.
    pub expects: &'static [&'static str],
    /// Ids of findings that may come besides: consequences of the same cause, and harmless remarks.
    pub also: &'static [&'static str],
    /// The verdict on the phone.
    pub verdict: Outcome,
    /// `<model>.<state>` at which the boot stopped, if it did.
    pub stuck: Option<&'static str>,
    /// Where it happens.
    pub site: Site,
    /// What happens.
    pub steps: &'static [Step],
    /// What the capture itself suffered.
    pub noise: &'static [Noise],
    /// How many phones do it, a little apart.
    pub phones: u32,
    /// The form of the file.
    pub file: FileForm,
    /// The text of the site file that it is judged with; empty for none.
    pub told: &'static str,
}

/// The verdict on a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong with the phone; warnings may stand.
    Pass,
    /// It has no dial tone, or will lose it.
    Fail,
    /// The capture does not tell.
    Inconclusive,
}

/// The form of the file that a story is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// pcap.
    Pcap,
    /// pcap without its last bytes.
    CutShort(usize),
    /// pcapng that names a capture filter.
    Filtered(&'static str),
}

/// A story with nothing in it, to be filled by struct update.
pub const STORY: Story = Story {
    name: "",
    title: "",
    sequence: "",
    concludes: "",
    expects: &[],
    also: &[],
    verdict: Outcome::Pass,
    stuck: None,
    site: SITE,
    steps: &[],
    noise: &[],
    phones: 1,
    file: FileForm::Pcap,
    told: "",
};

/// The publisher: first CallManager, first configuration server.
pub const CM1: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);
/// The subscriber.
pub const CM2: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 11);
/// A second subscriber.
pub const CM3: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 12);
/// The gateway of the site, for when nobody else is there.
pub const SRST: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 2);
/// A server outside the cluster.
pub const OTHER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 99);

/// A site as far as one phone sees it.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// The capture was taken behind the router of the phones: no link layer, the MAC is the router's.
    pub behind_router: bool,
    /// The phone speaks CDP.
    pub phone_cdp: bool,
    /// The phone speaks LLDP.
    pub phone_lldp: bool,
    /// The switch speaks CDP.
    pub switch_cdp: bool,
    /// The switch speaks LLDP.
    pub switch_lldp: bool,
    /// Voice VLAN in the CDP of the switch.
    pub cdp_voice: Option<u16>,
    /// Voice VLAN in the LLDP-MED of the switch.
    pub lldp_voice: Option<u16>,
    /// VLAN whose tag the phone uses.
    pub vlan: Option<u16>,
    /// Levels of power in mW that the phone asks for.
    pub power: &'static [u32],
    /// What the switch gives in mW.
    pub granted: u32,
    /// How files are fetched at first.
    pub via: Via,
    /// How SIP is carried.
    pub transport: Transport,
    /// The phone has an address at the start: static, or the capture begins late.
    pub addressed: bool,
    /// The alarm is long: two segments, or two fragments.
    pub long_alarm: bool,
    /// The phones begin so many ms after each other.
    pub apart: u32,
}

/// The site of the protocol pages: CDP, voice VLAN 110, power to spare.
pub const SITE: Site = Site {
    behind_router: false,
    phone_cdp: true,
    phone_lldp: false,
    switch_cdp: true,
    switch_lldp: false,
    cdp_voice: Some(110),
    lldp_voice: None,
    vlan: Some(110),
    power: &[6300, 4000],
    granted: 6300,
    via: Via::Http,
    transport: Transport::Tcp,
    addressed: false,
    long_alarm: false,
    apart: 730,
};

/// How the phone fetches files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// HTTP, port 6970.
    Http,
    /// HTTP; after a "not found" the same name by TFTP.
    HttpThenTftp,
    /// HTTP is refused; TFTP is tried each time.
    HttpRefused,
    /// TFTP with a block size of 1448.
    Tftp,
    /// TFTP without options.
    PlainTftp,
}

/// How SIP is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP 5060.
    Tcp,
    /// UDP 5060.
    Udp,
    /// TLS 5061.
    Tls,
    /// No SIP but SCCP: TCP 2000.
    Sccp,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// These steps.
    Do(&'static [Step]),
    /// These steps so many times.
    Times(u32, &'static [Step]),
    /// Seconds in which only the periodic and the unrelated traffic goes on.
    Wait(u32),

    /// The link comes up: bursts of CDP and LLDP of both sides, power, voice VLAN.
    PowerUp,
    /// The phone is off or in its boot loader: it sends nothing.
    Off,
    /// The phone runs this firmware from now on.
    Runs(&'static str),

    /// DISCOVER; `secs` tells how long it has been trying.
    Discover(u16),
    /// OFFER of the server.
    Offer(&'static Lease),
    /// REQUEST of what was offered.
    Request,
    /// REQUEST of the address of before, after a reboot.
    RequestAgain,
    /// ACK; the phone has its address.
    Ack(&'static Lease),
    /// NAK.
    Nak,
    /// The phone probes its address and announces it.
    Probe,
    /// The phone probes its address, another host answers, the phone declines.
    ProbeTaken,
    /// ARP for an address, answered by the router or not at all.
    Arp(Ipv4Addr, Answered),
    /// A DNS question; the answer is an address, none, or silence.
    Resolve(&'static str, Resolved),

    /// Files are fetched so from now on.
    Via(Via),
    /// Files are asked of this server from now on.
    Server(Ipv4Addr),
    /// A file is asked for.
    Fetch(File, Got),
    /// The trust verification service, port 2445, is asked.
    Tvs(Ipv4Addr, Accepts),

    /// SIP user from now on.
    User(User),
    /// A connection to this CallManager becomes the active one.
    Connect(Ipv4Addr, Accepts),
    /// SIP is carried so from now on.
    Transport(Transport),
    /// The TLS handshake on the active connection.
    Tls(Handshake),
    /// The alarm REFER.
    Refer(Reply),
    /// The first REGISTER of a connection, and why it is sent.
    Register(&'static str, Reply),
    /// After so many seconds a REGISTER of this purpose on the active connection.
    Keepalive(u32, Purpose, Reply),
    /// After so many seconds a REGISTER with Expires 0 to the standby CallManager.
    Standby(u32, Reply),
    /// A connection to the standby CallManager.
    ConnectStandby(Ipv4Addr, Accepts),
    /// NOTIFY service-control on the active connection, and the phone's answer (200, 400).
    Notify(&'static str, u16),
    /// OPTIONS of the CallManager, answered 200.
    Options,
    /// The phone closes the active connection, or the server does.
    Close(Side),
    /// One side aborts the active connection.
    Abort(Side),

    /// A conversation over TCP of its own.
    Talk(&'static Talk),
    /// A camera application announces itself behind the phone.
    Camera,
    /// The phone calls a number, and the other side rings and answers.
    Dial(&'static str),

    /// A call by SIP on the active connection.
    Call(&'static Call),
    /// The same, and the phone transfers it itself before it hangs up.
    Transfer(&'static Call),
    /// CallManager calls a server by its SIP trunk.
    Invite(&'static Trunk),
    /// Streams side by side, so many packets of each, 20 ms apart.
    Streams(&'static [Stream], u32),
    /// The streams played last go on where they stopped, so many packets more of each.
    Resume(&'static [Stream], u32),
    /// The phone joins a group, or leaves it.
    Igmp(bool, Ipv4Addr),
    /// SCCP on the active connection.
    Sccp(Sccp),
    /// SCCP on the standby connection.
    SccpStandby(Sccp),
    /// The token that brings the phone back is asked for on the standby connection, by SIP.
    Token(Reply),
    /// The active and the standby connection change places.
    Swap,
    /// The same after so many milliseconds.
    Millis(u32),

    /// A message that cannot be read.
    Broken(Broken),
}

/// A call of the CallManager to a server by UDP; unanswered without a payload type of the answer.
#[derive(Debug, Clone, Copy)]
pub struct Trunk {
    /// Who is called.
    pub server: Ipv4Addr,
    /// The payload type that it answers with.
    pub codec: Option<u8>,
}

/// One thing of SCCP.
#[derive(Debug, Clone, Copy)]
pub enum Sccp {
    /// Alarm and Register, and what comes of it.
    Register(Registered),
    /// After so many seconds a KeepAlive, answered or not.
    Keepalive(u32, bool),
    /// The CallManager orders: 1 reset, 2 restart.
    Reset(u32),
    /// The station leaves.
    Leave,
    /// The station asks to come back, and may or not.
    Token(bool),
    /// The station asks which firmware it shall run.
    Version(&'static str),
    /// A call rings, is taken, and ends; `redirecting` forwarded it for a reason.
    Rings {
        /// Who is called.
        number: &'static str,
        /// Who forwarded it.
        redirecting: &'static str,
        /// Why: 2 nobody answered.
        reason: u32,
    },
    /// A call of the phone; another status than 0 says that it cannot receive.
    Call(&'static Call, u32),
}

/// What comes of a Register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// RegisterAck.
    Yes,
    /// RegisterReject with a text.
    No(&'static str),
    /// Nothing for 20 s.
    Silence,
}

/// Whether an ARP request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// By the router.
    Yes,
    /// By nobody.
    No,
}

/// What becomes of a DNS question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// An address.
    To(Ipv4Addr),
    /// No such name.
    NoSuchName,
    /// No answer, asked three times.
    Silence,
}

/// A file, whose name has the phone's in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `CTLSEP<mac>.tlv`
    CtlSep,
    /// `ITLSEP<mac>.tlv`
    ItlSep,
    /// `ITLFile.tlv`
    ItlFile,
    /// `SEP<mac>.cnf.xml`
    Plain,
    /// `SEP<mac>.cnf.xml.sgn`
    Signed,
    /// `SEP<mac>.cnf.xml.enc.sgn`
    Encrypted,
    /// `XMLDefault.cnf.xml.sgn`
    Default,
    /// `XMLDefault.cnf.xml`
    DefaultPlain,
    /// `SEP<mac>.cnf`, as phones before XML ask for.
    Cnf,
    /// Any other.
    Named(&'static str),
}

/// What becomes of a request for a file.
#[derive(Debug, Clone, Copy)]
pub enum Got {
    /// It comes.
    Found(Content),
    /// 404, or TFTP error 1.
    NotFound,
    /// 503, as some releases say for a trust list.
    Unavailable,
    /// The server cannot be reached: SYN, then RRQ, all unanswered.
    Silence,
    /// Only TCP 6970 is unanswered; TFTP brings the file.
    Filtered(Content),
    /// The server accepts the connection and never answers the request; the RRQ stays unanswered too.
    Mute,
    /// The transfer stops after so many bytes.
    Stalled(Content, usize),
    /// The answer cannot be read.
    Unreadable,
    /// Headers of so many bytes.
    EndlessHead(usize),
}

/// What is in a file.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// A trust list.
    List(&'static List),
    /// A configuration.
    Device(&'static Device, Wrap),
    /// A default configuration.
    Default(&'static Default, Wrap),
    /// A configuration nobody can read.
    Encrypted(&'static Device),
    /// A text.
    Text(&'static str),
    /// So many bytes of an image.
    Image(usize),
}

/// How a configuration is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrap {
    /// Not at all.
    Bare,
    /// Signed by the publisher; damaged afterwards or not.
    Signed(Damage),
    /// Signed, but the header names another phone.
    Misnamed,
}

/// How a connection is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// SYN-ACK.
    Yes,
    /// RST.
    Refuses,
    /// Nothing; the SYN is repeated after 1, 2 and 4 s.
    Silent,
}

/// Who the phone is in SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// `AUTO-REG`
    AutoReg,
    /// A number; the next phone has the next number.
    Number(u32),
}

/// How a TLS handshake goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// To its end, with certificates of both sides.
    Whole,
    /// The ClientHello is acknowledged and never answered.
    Unanswered,
    /// The phone does not accept the certificate of the server: it sends this alert.
    PhoneAlerts(u8),
    /// The server refuses the ClientHello with this alert.
    ServerAlerts(u8),
    /// The answer cannot be read.
    Unreadable,
}

/// How a SIP request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// 200 to REGISTER (after 100), 202 to REFER.
    Good,
    /// This status.
    Code(u16),
    /// 401, and the phone repeats its request with credentials, answered by this status.
    Challenge(u16),
    /// The bytes are acknowledged; no message comes back for 32 s.
    Never,
    /// The same, but the phone goes on after a second as if it did not matter.
    Ignored,
    /// Not even the bytes are acknowledged: TCP repeats them.
    Lost,
}

/// A side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The phone.
    Phone,
    /// The server.
    Server,
}

/// A message that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A TLV shorter than its head.
    Cdp,
    /// A UDP length beyond the packet.
    Udp,
    /// An option beyond the end.
    Dhcp,
    /// A file name without end.
    Tftp,
    /// A line that is no header, a length that is no number, by UDP.
    Sip,
    /// A report without its group.
    Igmp,
    /// A packet that counts sources beyond its end, on the ports of [`super::media::STREAM`].
    Rtp,
}

// What most stories share.

/// The address by DHCP, then the way to the router.
pub const DHCP: &[Step] = &[
    Step::Discover(0),
    Step::Offer(&LEASE),
    Step::Request,
    Step::Ack(&LEASE),
    Step::Probe,
    Step::Arp(ROUTER, Answered::Yes),
];

/// The router of the first subnet; each subnet of phones has its own.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);

/// From the dead: link, power, VLAN, address.
pub const UP: &[Step] = &[Step::PowerUp, Step::Wait(12), Step::Do(DHCP)];

/// A restart ordered by the server, or of the phone's own accord: off for a while, then up again.
pub const REBOOT: &[Step] = &[Step::Off, Step::Wait(20), Step::Do(UP)];

/// A known phone's line, connection and registration.
pub const REGISTER: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Connect(CM1, Accepts::Yes),
    Step::Refer(Reply::Good),
    Step::Register("initialized", Reply::Good),
];

/// A keepalive as Unified CM's phones send it.
pub const KEEPALIVE: Step = Step::Keepalive(115, Purpose::Refresh, Reply::Good);
