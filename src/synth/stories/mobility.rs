//! S16 and S17: a user logs in at a phone of the own cluster, or of another.

use std::net::Ipv4Addr;

use super::super::cnf::Device;
use super::super::scenario::{
    Accepts, CM1, CM2, Content, File, Got, Handshake, KEEPALIVE, Outcome, REGISTER, Reply, STORY, Side, Step, Story,
    Transport, UP, User,
};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::parts::*;

const XML: &str = "text/xml";
const BYE: Say = Say::Close(Side::Phone);
const SERVER: Talk = Talk { server: Host::At(CM1), ..TALK };
const MENU: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneMenu><Title>Services</Title><MenuItem><Name>Extension Mobility</Name><URL>http://10.1.1.10:8080/emapp/EMAppServlet?device={name}</URL></MenuItem></CiscoIPPhoneMenu>",
);
const INPUT: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneInput><Title>Login</Title><Prompt>User and PIN</Prompt><URL>http://10.1.1.10:8080/emapp/EMAppServlet?device={name}</URL><InputItem><DisplayName>UserID</DisplayName><QueryStringParam>userid</QueryStringParam><InputFlags>A</InputFlags></InputItem><InputItem><DisplayName>PIN</DisplayName><QueryStringParam>seq</QueryStringParam><InputFlags>NP</InputFlags></InputItem></CiscoIPPhoneInput>",
);
const WELCOME: Say =
    Say::Answer(200, XML, "<CiscoIPPhoneText><Title>Login</Title><Text>Login successful</Text></CiscoIPPhoneText>");
const WRONG_PIN: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneText><Title>Login</Title><Text>Login is unavailable(201)</Text></CiscoIPPhoneText>",
);
const NO_PROXY: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneText><Title>Login</Title><Text>Login is unavailable(10)</Text></CiscoIPPhoneText>",
);
const SUBMIT: Say = Say::Get("/emapp/EMAppServlet?device={name}&userid=user1&seq=12345");
const SUBMIT_AWAY: Say = Say::Get("/emapp/EMAppServlet?device={name}&EMCC=true&userid=user1&seq=12345");

static LIST: Talk = Talk { says: &[Say::Get("/ccmcip/getservicesmenu.jsp?name={name}"), MENU, BYE], ..SERVER };
static LOGIN_PAGE: Talk = Talk { says: &[Say::Get("/emapp/EMAppServlet?device={name}"), INPUT, BYE], ..SERVER };
static MUTE_PAGE: Talk = Talk { says: &[Say::Get("/emapp/EMAppServlet?device={name}"), Say::Wait(10), BYE], ..SERVER };
static LOGIN: Talk = Talk { says: &[SUBMIT, WELCOME, BYE], ..SERVER };
static LOGIN_REFUSED: Talk = Talk { says: &[SUBMIT, WRONG_PIN, BYE], ..SERVER };
static BY_PROXY: Talk = Talk {
    says: &[Say::GetVia("/emapp/EMAppServlet?device={name}&userid=user1&seq=12345", "proxy1"), NO_PROXY, BYE],
    ..SERVER
};
static LOGOUT: Talk = Talk {
    says: &[
        Say::Get("/emapp/EMAppServlet?device={name}&doLogout=true"),
        Say::Answer(
            200,
            XML,
            "<CiscoIPPhoneText><Title>Logout</Title><Text>Logout successful</Text></CiscoIPPhoneText>",
        ),
        BYE,
    ],
    ..SERVER
};
static LOGIN_AWAY: Talk = Talk { says: &[SUBMIT_AWAY, WELCOME, BYE], ..SERVER };

static OF_USER: Device = Device { dn: Some(2005), ..KNOWN };
static OF_USER_SINGLE: Device = Device { dn: Some(2005), members: &[HOME], ..KNOWN };

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), KEEPALIVE, Step::Wait(5)];
const SECURE_REGISTER: &[Step] = &[
    Step::User(User::Number(1001)),
    Step::Transport(Transport::Tls),
    Step::Connect(CM1, Accepts::Yes),
    Step::Tls(Handshake::Whole),
    Step::Refer(Reply::Good),
    Step::Register("initialized", Reply::Good),
];
const ASKED: &[Step] = &[Step::Talk(&LIST), Step::Wait(3), Step::Talk(&LOGIN_PAGE), Step::Wait(12)];
const RESET: &[Step] = &[Step::Wait(2), Step::Notify("restart", 200), Step::Close(Side::Phone), Step::Wait(6)];
const AS_USER: &[Step] = &[
    NO_CTL,
    GET_ITL,
    Step::Fetch(File::Signed, Got::Found(Content::Device(&OF_USER, SIGNED))),
    Step::User(User::Number(2005)),
    Step::Connect(CM1, Accepts::Yes),
    Step::Refer(Reply::Good),
    Step::Register("reset-restart", Reply::Good),
];
const AFTER: &[Step] = &[Step::Keepalive(60, Purpose::Refresh, Reply::Good), KEEPALIVE, Step::Wait(10)];

/// The home cluster of the user.
const HOME: Ipv4Addr = Ipv4Addr::new(10, 9, 1, 10);
const LOGGED_IN_AWAY: &[Step] = &[Step::Do(ON), Step::Do(ASKED), Step::Talk(&LOGIN_AWAY), Step::Do(RESET)];
/// A short file of the visiting cluster, then the lists of the home cluster, whose signer the visiting TVS knows.
const GO_HOME: &[Step] = &[
    Step::Fetch(File::Signed, Got::Found(Content::Device(&REDUCED, SIGNED))),
    Step::Server(HOME),
    NO_CTL,
    Step::Fetch(File::ItlSep, Got::Found(Content::List(&ITL_NEW_SIGNER))),
];
const AT_HOME: &[Step] = &[
    Step::Fetch(File::Signed, Got::Found(Content::Device(&OF_USER_SINGLE, SIGNED))),
    Step::User(User::Number(2005)),
    Step::Connect(HOME, Accepts::Yes),
    Step::Refer(Reply::Good),
    Step::Register("reset-restart", Reply::Good),
];
const VOUCHED: Step = Step::Tvs(CM1, Accepts::Yes);

const HEALTHY: Story =
    Story { sequence: "S16", also: &["ctl.not-found", "keepalive.server-reset", "keepalive.unregistered"], ..STORY };
const BROKEN: Story = Story { verdict: Outcome::Fail, ..HEALTHY };
/// True, and meant: the phone goes to the servers of its home.
const CHANGED: &str = "tftp-server.changed-after-not-found";
const AWAY: Story = Story {
    sequence: "S17",
    also: &["ctl.not-found", "keepalive.server-reset", "keepalive.unregistered", CHANGED],
    ..HEALTHY
};
const BROKEN_AWAY: Story = Story { verdict: Outcome::Fail, ..AWAY };

pub const STORIES: &[Story] = &[
    Story {
        name: "extension-mobility-login",
        title: "List, login page, user and PIN, success, restart, and the user's number is registered",
        concludes: "Healthy login in nine steps.",
        steps: &[
            Step::Do(ON),
            Step::Do(ASKED),
            Step::Talk(&LOGIN),
            Step::Do(RESET),
            Step::Do(AS_USER),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "extension-mobility-logout",
        title: "The user leaves: restart, and the phone's own number is registered again",
        concludes: "Healthy logout.",
        steps: &[
            Step::Do(ON),
            Step::Do(ASKED),
            Step::Talk(&LOGIN),
            Step::Do(RESET),
            Step::Do(AS_USER),
            Step::Do(AFTER),
            Step::Talk(&LOGOUT),
            Step::Do(RESET),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "extension-mobility-service-unanswered",
        title: "The list comes, the login page does not",
        concludes: "The EM Application service does not run.",
        expects: &["extension-mobility.service-unanswered"],
        steps: &[Step::Do(ON), Step::Talk(&LIST), Step::Wait(3), Step::Talk(&MUTE_PAGE), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "extension-mobility-login-refused",
        title: "Login is unavailable(201)",
        concludes: "Wrong user or PIN.",
        expects: &["extension-mobility.login-refused"],
        steps: &[Step::Do(ON), Step::Do(ASKED), Step::Talk(&LOGIN_REFUSED), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "extension-mobility-proxy-refused",
        title: "The login comes through a proxy and is refused",
        concludes: "Allow Proxy is off, or the proxy is not trusted.",
        expects: &["extension-mobility.proxy-refused"],
        steps: &[Step::Do(ON), Step::Do(ASKED), Step::Talk(&BY_PROXY), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "extension-mobility-not-reset",
        title: "The login is accepted, and the phone goes on as before",
        concludes: "The EM service or the CallManager service did not reset the phone.",
        expects: &["extension-mobility.not-reset"],
        steps: &[Step::Do(ON), Step::Do(ASKED), Step::Talk(&LOGIN), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "extension-mobility-profile-not-applied",
        title: "The phone is reset after the login, and registers its own number again",
        concludes: "The user has no device profile, or the login was for another phone.",
        expects: &["extension-mobility.profile-not-applied"],
        steps: &[
            Step::Do(ON),
            Step::Do(ASKED),
            Step::Talk(&LOGIN),
            Step::Do(RESET),
            Step::Do(FILES),
            Step::Do(REGISTER),
            Step::Do(AFTER),
        ],
        ..BROKEN
    },
    Story {
        name: "extension-mobility-not-reregistered",
        title: "The phone is reset after the login, and no CallManager lets it in again",
        concludes: "Both CallManagers are down; the login itself was fine.",
        expects: &["extension-mobility.not-reregistered"],
        also: &["ctl.not-found", "keepalive.*", "failover.*", "boot.*", "secure-connection.*"],
        stuck: Some("keepalive.unregistered"),
        steps: &[
            Step::Do(ON),
            Step::Do(ASKED),
            Step::Talk(&LOGIN),
            Step::Do(RESET),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&OF_USER, SIGNED))),
            Step::Times(
                12,
                &[Step::Connect(CM1, Accepts::Refuses), Step::Connect(CM2, Accepts::Refuses), Step::Wait(20)],
            ),
        ],
        ..BROKEN
    },
    Story {
        name: "emcc-login",
        title: "A user of another cluster logs in; the phone goes home by lists that the visiting TVS vouches for",
        concludes: "Healthy login across clusters.",
        steps: &[Step::Do(LOGGED_IN_AWAY), Step::Do(GO_HOME), VOUCHED, Step::Do(AT_HOME), Step::Do(AFTER)],
        ..AWAY
    },
    Story {
        name: "emcc-home-unreachable",
        title: "The home TFTP server does not answer",
        concludes: "The way to the home cluster is blocked.",
        expects: &["emcc.home-unreachable", "emcc.not-registered"],
        also: &[
            "ctl.*",
            "itl.*",
            "config.*",
            "tftp-server.*",
            "keepalive.*",
            "boot.*",
            "extension-mobility.*",
            CHANGED,
        ],
        stuck: Some("ctl.requested"),
        steps: &[
            Step::Do(LOGGED_IN_AWAY),
            Step::Fetch(File::Signed, Got::Found(Content::Device(&REDUCED, SIGNED))),
            Step::Server(HOME),
            Step::Times(12, &[Step::Fetch(File::CtlSep, Got::Silence)]),
        ],
        ..BROKEN_AWAY
    },
    Story {
        name: "emcc-not-registered",
        title: "The phone has everything from home, and the home CallManager refuses the connection",
        concludes: "The home CallManager is down or does not take the roaming phone.",
        expects: &["emcc.not-registered"],
        also: &["ctl.*", "keepalive.*", "failover.*", "boot.*", "secure-connection.*", "extension-mobility.*", CHANGED],
        stuck: Some("keepalive.unregistered"),
        steps: &[
            Step::Do(LOGGED_IN_AWAY),
            Step::Do(GO_HOME),
            VOUCHED,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&OF_USER_SINGLE, SIGNED))),
            Step::Times(16, &[Step::Connect(HOME, Accepts::Refuses), Step::Wait(25)]),
        ],
        ..BROKEN_AWAY
    },
    Story {
        name: "emcc-trust-failed",
        title: "The visiting TVS does not let the phone ask about the signer at home",
        concludes: "Certificates were not exchanged between the clusters, or TVS does not run.",
        expects: &["emcc.trust-failed"],
        also: &["ctl.*", "itl.*", "keepalive.*", "boot.*", "extension-mobility.*", CHANGED],
        stuck: Some("itl.verifying"),
        steps: &[
            Step::Do(LOGGED_IN_AWAY),
            Step::Do(GO_HOME),
            Step::Tvs(CM1, Accepts::Refuses),
            Step::Tvs(CM2, Accepts::Refuses),
            Step::Wait(120),
        ],
        ..BROKEN_AWAY
    },
    Story {
        name: "emcc-security-mismatch",
        title: "The phone is secure here, and its home is not in mixed mode",
        concludes: "By Table 18-2 the login fails: use a non-secure phone.",
        expects: &["emcc.security-mismatch"],
        also: &[
            "ctl.*",
            "itl.*",
            "keepalive.*",
            "boot.*",
            "secure-connection.*",
            "extension-mobility.*",
            CHANGED,
            "config.*",
            "ctl-retry.*",
        ],
        steps: &[
            Step::Do(UP),
            Step::Do(FILES_SECURE),
            Step::Do(SECURE_REGISTER),
            KEEPALIVE,
            Step::Wait(5),
            Step::Do(ASKED),
            Step::Talk(&LOGIN_AWAY),
            Step::Do(RESET),
            Step::Do(GO_HOME),
            VOUCHED,
            Step::Wait(60),
        ],
        ..BROKEN_AWAY
    },
    Story {
        name: "emcc-firmware-download",
        title: "The home cluster makes the visiting phone fetch another load",
        concludes: "It works, but the home cluster should not impose a load.",
        expects: &["emcc.firmware-download"],
        steps: &[
            Step::Do(LOGGED_IN_AWAY),
            Step::Do(GO_HOME),
            VOUCHED,
            Step::Fetch(File::Named("sip78xx.12-8-1-21.loads"), Got::Found(Content::Image(800))),
            Step::Do(AT_HOME),
            Step::Do(AFTER),
        ],
        also: &["ctl.*", "keepalive.*", "config.*", CHANGED],
        ..AWAY
    },
    Story {
        name: "emcc-locale-missing",
        title: "The locale of the user is not installed here",
        concludes: "It works in English; install the locale.",
        expects: &["emcc.locale-missing"],
        also: &["ctl.*", "keepalive.*", "config.*", CHANGED],
        steps: &[
            Step::Do(LOGGED_IN_AWAY),
            Step::Do(GO_HOME),
            VOUCHED,
            Step::Fetch(File::Named("Norwegian_Norway/mk-sip.jar"), Got::NotFound),
            Step::Do(AT_HOME),
            Step::Do(AFTER),
        ],
        ..AWAY
    },
];
