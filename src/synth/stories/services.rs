//! S18: phone services, pulled, idle and pushed; MIDlets.

use super::super::cnf::Device;
use super::super::scenario::{
    Accepts, CM1, Content, File, Got, KEEPALIVE, OTHER, Outcome, REGISTER, Reply, STORY, Side, Step, Story, UP,
};
use super::super::sip::Purpose;
use super::super::talk::{Host, Say, TALK, Talk};
use super::super::trust::CUCM1;
use super::parts::*;

const XML: &str = "text/xml";
const MENU: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneMenu><Title>Services</Title><Prompt>Select</Prompt><MenuItem><Name>Weather</Name><URL>http://10.1.1.99:8080/weather</URL></MenuItem></CiscoIPPhoneMenu>",
);
const TEXT: Say =
    Say::Answer(200, XML, "<CiscoIPPhoneText><Title>Weather</Title><Text>Rain.</Text></CiscoIPPhoneText>");
const LIST: Say = Say::Get("/ccmcip/getservicesmenu.jsp?name={name}");
const ASK: Say = Say::Get("/ccmcip/authenticate.jsp?UserID=pager&Password=12345&devicename={name}");
const PUSH: Say = Say::Post(
    "/CGI/Execute",
    "XML=%3CCiscoIPPhoneExecute%3E%3CExecuteItem+Priority%3D%220%22+URL%3D%22Key%3AServices%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E",
);
const DONE: Say = Say::Answer(
    200,
    XML,
    "<CiscoIPPhoneResponse><ResponseItem URL=\"Key:Services\" Data=\"Success\" Status=\"0\"/></CiscoIPPhoneResponse>",
);
const NOT_ALLOWED: Say = Say::Answer(200, XML, "<CiscoIPPhoneError Number=\"4\"/>");
const BYE: Say = Say::Close(Side::Phone);

static LISTED: Talk = Talk { server: Host::At(CM1), says: &[LIST, MENU, BYE], ..TALK };
static SHOWN: Talk = Talk { says: &[Say::Get("/weather"), TEXT, BYE], ..TALK };
static IDLE: Talk = Talk { says: &[Say::Get("/idle"), TEXT, BYE], ..TALK };
static MUTE_LIST: Talk = Talk { server: Host::At(CM1), says: &[LIST, Say::Wait(10), BYE], ..TALK };
static REFUSED: Talk = Talk { accepts: Accepts::Refuses, ..TALK };
static SILENT: Talk = Talk { accepts: Accepts::Silent, ..TALK };
static GONE: Talk = Talk { says: &[Say::Get("/weather"), Say::Answer(404, "text/html", ""), BYE], ..TALK };

static ALLOWED: Talk =
    Talk { server: Host::At(CM1), says: &[ASK, Say::Answer(200, "text/plain", "AUTHORIZED\n"), BYE], ..TALK };
static DENIED: Talk =
    Talk { server: Host::At(CM1), says: &[ASK, Say::Answer(200, "text/plain", "UN-AUTHORIZED\n"), BYE], ..TALK };

const TO_PHONE: Talk = Talk { client: Host::At(OTHER), server: Host::Phone, port: 80, ..TALK };
static PUSHED: Talk =
    Talk { says: &[PUSH, Say::Answer(401, "text/html", ""), PUSH, Say::Meanwhile(&ALLOWED), DONE, BYE], ..TO_PHONE };
static PUSH_DENIED: Talk = Talk { says: &[PUSH, Say::Meanwhile(&DENIED), NOT_ALLOWED, BYE], ..TO_PHONE };
static PUSH_DONE_ALL_THE_SAME: Talk = Talk { says: &[PUSH, Say::Meanwhile(&DENIED), DONE, BYE], ..TO_PHONE };
static PUSH_UNASKED: Talk = Talk { says: &[PUSH, DONE, BYE], ..TO_PHONE };
static NO_WEB: Talk = Talk { accepts: Accepts::Refuses, ..TO_PHONE };
static WEB_IGNORED: Talk = Talk { accepts: Accepts::Silent, ..TO_PHONE };

const JAD: &str = "MIDlet-Name: Demo\r\nMIDlet-Version: 1.0\r\nMIDlet-Vendor: Lab\r\nMIDlet-Jar-URL: demo.jar\r\nMIDlet-Jar-Size: 4096\r\n";
const DESCRIPTOR: Say = Say::Answer(200, "text/vnd.sun.j2me.app-descriptor", JAD);
static MIDLET: Talk = Talk { says: &[Say::Get("/demo.jad"), DESCRIPTOR, BYE], ..TALK };
static ARCHIVE: Talk = Talk { says: &[Say::Get("/demo.jar"), Say::Archive(4096), BYE], ..TALK };
static OTHER_ARCHIVE: Talk = Talk { says: &[Say::Get("/demo.jar"), Say::Archive(4000), BYE], ..TALK };
static NO_ARCHIVE: Talk = Talk { says: &[Say::Get("/demo.jar"), Say::Answer(404, "text/html", ""), BYE], ..TALK };

/// Both URLs, as Unified CM writes them.
static WITH_URLS: Device = Device {
    more: "<servicesURL>http://10.1.1.10:8080/ccmcip/getservicesmenu.jsp</servicesURL><secureServicesURL>https://10.1.1.10:8443/ccmcip/getservicesmenu.jsp</secureServicesURL>\n",
    ..KNOWN
};
static BY_HTTPS: Talk = Talk {
    server: Host::At(CM1),
    port: 8443,
    says: &[
        Say::Hello,
        Say::ServerHello(&CUCM1),
        Say::Finish,
        Say::Data(Side::Phone, 300),
        Say::Data(Side::Server, 900),
        BYE,
    ],
    ..TALK
};

const ON: &[Step] = &[Step::Do(UP), Step::Do(FILES), Step::Do(REGISTER), KEEPALIVE, Step::Wait(20)];
const AFTER: &[Step] = &[Step::Keepalive(30, Purpose::Refresh, Reply::Good), Step::Wait(10)];

const HEALTHY: Story = Story { sequence: "S18", also: &["ctl.not-found"], ..STORY };
const BROKEN: Story = Story { verdict: Outcome::Fail, ..HEALTHY };

pub const STORIES: &[Story] = &[
    Story {
        name: "services-pulled",
        title: "The user opens the list and takes a service of another server; later the idle page comes",
        concludes: "Healthy: the list comes from Unified CM, the item from the external server.",
        steps: &[
            Step::Do(ON),
            Step::Talk(&LISTED),
            Step::Wait(3),
            Step::Talk(&SHOWN),
            Step::Wait(60),
            Step::Talk(&IDLE),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
    Story {
        name: "services-pushed",
        title: "An application pushes to the phone: 401, then the authentication URL says AUTHORIZED",
        concludes: "Healthy push.",
        steps: &[Step::Do(ON), Step::Talk(&PUSHED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "services-by-https",
        title: "The list comes by HTTPS",
        concludes: "Healthy: only the connection is visible.",
        steps: &[Step::Do(ON), Step::Talk(&BY_HTTPS), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "services-midlet",
        title: "A MIDlet: descriptor, then an archive of the size it says",
        concludes: "Healthy: installed.",
        steps: &[Step::Do(ON), Step::Talk(&MIDLET), Step::Talk(&ARCHIVE), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "phone-services-list-unanswered",
        title: "The service list is asked for, and nothing comes in 10 s",
        concludes: "Cisco CallManager Cisco IP Phone Services does not run.",
        expects: &["phone-services.list-unanswered"],
        steps: &[Step::Do(ON), Step::Talk(&MUTE_LIST), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-server-unanswered",
        title: "The list comes, but the external server refuses the connection, and then ignores it",
        concludes: "The external server is down; the phone itself is fine.",
        expects: &["phone-services.server-unanswered"],
        steps: &[Step::Do(ON), Step::Talk(&LISTED), Step::Talk(&REFUSED), Step::Talk(&SILENT), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-http-error",
        title: "The list comes, but the URL of the item is not served",
        concludes: "The service URL is wrong.",
        expects: &["phone-services.http-error"],
        steps: &[Step::Do(ON), Step::Talk(&LISTED), Step::Talk(&GONE), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-push-refused",
        title: "The authentication URL says UN-AUTHORIZED, and the phone answers error 4",
        concludes: "User or password of the push is wrong.",
        expects: &["phone-services.push-refused"],
        steps: &[Step::Do(ON), Step::Talk(&PUSH_DENIED), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-push-executed-unauthorised",
        title: "The authentication URL says UN-AUTHORIZED, and the phone does it all the same",
        concludes: "A fault of the phone's load, or another authentication URL is used.",
        expects: &["phone-services.push-executed-unauthorised"],
        steps: &[Step::Do(ON), Step::Talk(&PUSH_DONE_ALL_THE_SAME), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-push-unauthenticated",
        title: "The phone does what it is told and asks nobody",
        concludes: "No authentication URL is configured: anybody may push.",
        expects: &["phone-services.push-unauthenticated"],
        steps: &[Step::Do(ON), Step::Talk(&PUSH_UNASKED), Step::Do(AFTER)],
        ..HEALTHY
    },
    Story {
        name: "phone-services-web-access-off",
        title: "An application cannot reach the phone's port 80: refused",
        concludes: "Web access is off in the phone's configuration.",
        expects: &["phone-services.web-access-off"],
        steps: &[Step::Do(ON), Step::Talk(&NO_WEB), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-web-ignored",
        title: "An application cannot reach the phone's port 80: no answer, while the phone goes on",
        concludes: "Web access is off in the phone's configuration.",
        expects: &["phone-services.web-access-off"],
        steps: &[Step::Do(ON), Step::Talk(&WEB_IGNORED), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-midlet-failed",
        title: "The descriptor of a MIDlet comes, its archive does not exist",
        concludes: "The archive is missing at the server; the phone tries again at its next reset.",
        expects: &["phone-services.midlet-failed"],
        steps: &[Step::Do(ON), Step::Talk(&MIDLET), Step::Talk(&NO_ARCHIVE), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-midlet-size",
        title: "The archive has 4000 bytes, its descriptor says 4096",
        concludes: "The descriptor is of another version.",
        expects: &["phone-services.midlet-size"],
        steps: &[Step::Do(ON), Step::Talk(&MIDLET), Step::Talk(&OTHER_ARCHIVE), Step::Do(AFTER)],
        ..BROKEN
    },
    Story {
        name: "phone-services-http-used",
        title: "HTTPS is configured and used once; then the list is asked for in the clear",
        concludes: "The secure URL is not used everywhere.",
        expects: &["phone-services.http-used"],
        steps: &[
            Step::Do(UP),
            NO_CTL,
            GET_ITL,
            Step::Fetch(File::Signed, Got::Found(Content::Device(&WITH_URLS, SIGNED))),
            Step::Do(REGISTER),
            Step::Talk(&BY_HTTPS),
            Step::Wait(5),
            Step::Talk(&LISTED),
            Step::Do(AFTER),
        ],
        ..HEALTHY
    },
];
