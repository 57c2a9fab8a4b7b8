//! Events, fields and tags of a configuration; the meanings of its numbers.

use crate::event::{FieldDef, flag, text, uint};
use crate::{events, fields};

events! { EVENTS;
    DEVICE = "cnf.device", "The configuration of a phone was read.";
    DEFAULT = "cnf.default", "The configuration for phones that are not known was read.";
    ENCRYPTED = "cnf.encrypted", "The configuration is encrypted: registration details come from signalling only.";
}

fields! { FIELDS;
    FULL_CONFIG = flag("cnf.full_config", "False: a reduced file beside an encrypted one");
    DEVICE_PROTOCOL = text("cnf.device_protocol", "SIP or SCCP");
    IP_ADDRESS_MODE = uint("cnf.ip_address_mode", "Which IP the phone uses").codes(ip_address_mode);
    CALLMANAGER = text("cnf.callmanager", "Each CallManager (name or address), the preferred first");
    CALLMANAGER_ALIAS = text("cnf.callmanager.alias", "Every name of the preferred CallManager, in lower case, with its domain and without");
    CALLMANAGER_PRIORITY = uint("cnf.callmanager.priority", "Its priority; the lowest number is preferred");
    CALLMANAGER_SIP_PORT = uint("cnf.callmanager.sip_port", "Its port for SIP over TCP or UDP");
    CALLMANAGER_SECURED_SIP_PORT = uint("cnf.callmanager.secured_sip_port", "Its port for SIP over TLS");
    CALLMANAGER_SCCP_PORT = uint("cnf.callmanager.sccp_port", "Its port for SCCP");
    CALLMANAGER_GROUP = text("cnf.callmanager_group", "Name of the CallManager group");
    TFTP_DEFAULT = flag("cnf.tftp_default", "The group is the one of phones that are not known");
    TVS = text("cnf.tvs", "Each trust verification server, the preferred first");
    TVS_PORT = uint("cnf.tvs.port", "Its port");
    DEVICE_SECURITY_MODE = uint("cnf.device_security_mode", "How the phone must secure its signalling").codes(security_mode);
    TRANSPORT_LAYER_PROTOCOL = uint("cnf.transport_layer_protocol", "Transport of SIP").codes(transport);
    LOAD_INFORMATION = text("cnf.load_information", "Firmware load of the phone");
    INACTIVE_LOAD_INFORMATION = text("cnf.inactive_load_information", "Firmware load of the other partition");
    LOAD_ID = uint("cnf.load.id", "Number of each model that has a load");
    LOAD_MODEL = text("cnf.load.model", "Name of each model that has a load");
    LOAD_NAME = text("cnf.load.name", "Its firmware load");
    LOAD_SERVER = text("cnf.load_server", "Server for firmware");
    PEER_FIRMWARE_SHARING = uint("cnf.peer_firmware_sharing", "Phones take firmware from each other");
    LINE_NAME = text("cnf.line.name", "Directory number of each line");
    LINE_DISPLAY_NAME = text("cnf.line.display_name", "Its name for the display");
    LINE_CONTACT = text("cnf.line.contact", "Its contact user");
    LINE_PROXY = text("cnf.line.proxy", "Its proxy; USECALLMANAGER means the CallManager group");
    AUTH_NAME = text("cnf.auth_name", "User of digest authentication of each line that has one");
    AUTH_PASSWORD = text("cnf.auth_password", "Its password").secret();
    BUTTON = text("cnf.button", "Other buttons: feature number, label, target");
    PHONE_LABEL = text("cnf.phone_label", "Label of the phone");
    PHONE_PASSWORD = text("cnf.phone_password", "Password of the phone's settings").secret();
    SSH_USER = text("cnf.ssh_user", "User for SSH").secret();
    SSH_PASSWORD = text("cnf.ssh_password", "Password for SSH").secret();
    VERSION_STAMP = text("cnf.version_stamp", "Stamp that check-version compares");
    USER_LOCALE = text("cnf.user_locale", "Language of the display");
    NETWORK_LOCALE = text("cnf.network_locale", "Country of tones");
    NETWORK_LOCALE_INFO = text("cnf.network_locale_info", "Country of tones, with its files");
    AUTO_REGISTRATION = text("cnf.auto_registration", "Whether unknown phones may register: enabled or disabled");
    AUTO_REGISTRATION_NAME = text("cnf.auto_registration_name", "User name of line 1 of an unknown phone");
    SELF_PROVISIONING_SECURE_MODE = flag("cnf.self_provisioning_secure_mode", "Self-provisioning asks for a PIN");
    CAPF = text("cnf.capf", "Each CAPF server");
    CAPF_PORT = uint("cnf.capf.port", "Its port");
    CAPF_AUTH_MODE = uint("cnf.capf_auth_mode", "How the phone proves itself to CAPF").codes(capf_auth_mode);
    ENCR_CONFIG = flag("cnf.encr_config", "The full configuration is encrypted");
    CERT_HASH = text("cnf.cert_hash", "MD5 of the phone's certificate, for which the full configuration is encrypted");
    SRST = text("cnf.srst", "Each SRST gateway for SCCP");
    SRST_PORT = uint("cnf.srst.port", "Its port");
    SRST_SIP = text("cnf.srst.sip", "Each SRST gateway for SIP");
    SRST_SIP_PORT = uint("cnf.srst.sip_port", "Its port");
    SRST_OPTION = text("cnf.srst.option", "Which SRST gateway is used: Disable, …");
    SRST_SECURE = flag("cnf.srst.secure", "SRST is secured");
    CONNECTION_MONITOR_DURATION = uint("cnf.connection_monitor_duration", "How long a better CallManager must be stable before failback").unit("s");
    URL_AUTHENTICATION = text("cnf.url.authentication", "Where pushes are validated");
    URL_DIRECTORY = text("cnf.url.directory", "Directories");
    URL_SERVICES = text("cnf.url.services", "List of services");
    URL_INFORMATION = text("cnf.url.information", "Help texts");
    URL_MESSAGES = text("cnf.url.messages", "Messages");
    URL_IDLE = text("cnf.url.idle", "What an idle phone shows");
    URL_PROXY = text("cnf.url.proxy", "Proxy for HTTP");
    URL_SECURE_AUTHENTICATION = text("cnf.url.secure_authentication", "Where pushes are validated, HTTPS");
    URL_SECURE_DIRECTORY = text("cnf.url.secure_directory", "Directories, HTTPS");
    URL_SECURE_SERVICES = text("cnf.url.secure_services", "List of services, HTTPS");
    URL_SECURE_INFORMATION = text("cnf.url.secure_information", "Help texts, HTTPS");
    URL_SECURE_MESSAGES = text("cnf.url.secure_messages", "Messages, HTTPS");
    URL_SECURE_IDLE = text("cnf.url.secure_idle", "What an idle phone shows, HTTPS");
    IDLE_TIMEOUT = uint("cnf.idle_timeout", "Idle time before the idle URL is fetched").unit("s");
    WEB_ACCESS = uint("cnf.web_access", "Web server of the phone").codes(web_access);
    WEB_PROTOCOL = uint("cnf.web_protocol", "0 HTTP and HTTPS, 1 HTTPS only");
    PC_PORT = uint("cnf.pc_port", "PC port").codes(off_by_one);
    SPAN_TO_PC_PORT = uint("cnf.span_to_pc_port", "Copy of the phone's traffic at the PC port").codes(off_by_one);
    VOICE_VLAN_ACCESS = uint("cnf.voice_vlan_access", "Voice VLAN at the PC port").codes(off_by_one);
    SETTINGS_ACCESS = uint("cnf.settings_access", "Settings menu");
    ENABLE_CDP_SW_PORT = uint("cnf.enable_cdp_sw_port", "CDP at the switch port").codes(on_by_one);
    ENABLE_CDP_PC_PORT = uint("cnf.enable_cdp_pc_port", "CDP at the PC port").codes(on_by_one);
    ENABLE_LLDP_SW_PORT = uint("cnf.enable_lldp_sw_port", "LLDP at the switch port").codes(on_by_one);
    ENABLE_LLDP_PC_PORT = uint("cnf.enable_lldp_pc_port", "LLDP at the PC port").codes(on_by_one);
    GARP = uint("cnf.garp", "Gratuitous ARP");
    SSH_ACCESS = uint("cnf.ssh_access", "SSH server of the phone").codes(off_by_one);
    DETECT_CM_CONNECTION_FAILURE = uint("cnf.detect_cm_connection_failure", "How fast a lost CallManager is noticed: 0 normal, 1 delayed");
    MLPP_INDICATION = text("cnf.mlpp_indication", "Whether the phone shows the precedence of calls (MLPP)");
    MLPP_PREEMPTION = text("cnf.mlpp_preemption", "Whether a call of higher precedence ends others (MLPP)");
    SOFTKEY_FILE = text("cnf.softkey_file", "File of soft keys");
    DIAL_TEMPLATE = text("cnf.dial_template", "File of dial rules");
    TIMER_REGISTER_EXPIRES = uint("cnf.timer_register_expires", "Expires of REGISTER").unit("s");
    TIMER_REGISTER_DELTA = uint("cnf.timer_register_delta", "How long before expiry the phone registers again").unit("s");
    TIMER_KEEPALIVE_EXPIRES = uint("cnf.timer_keepalive_expires", "Interval of keepalives").unit("s");
    TIMER_INVITE_EXPIRES = uint("cnf.timer_invite_expires", "How long a call may ring").unit("s");
    TIMER_SUBSCRIBE_EXPIRES = uint("cnf.timer_subscribe_expires", "Expires of SUBSCRIBE").unit("s");
    START_MEDIA_PORT = uint("cnf.start_media_port", "First RTP port");
    STOP_MEDIA_PORT = uint("cnf.stop_media_port", "Last RTP port");
    VOIP_CONTROL_PORT = uint("cnf.voip_control_port", "The phone's own SIP port");
    OUTBOUND_PROXY = text("cnf.outbound_proxy", "SIP outbound proxy");
    DSCP_AUDIO = uint("cnf.dscp_audio", "ToS byte of audio");
    DSCP_VIDEO = uint("cnf.dscp_video", "ToS byte of video");
    DSCP_SCCP_CONFIG = uint("cnf.dscp_sccp_config", "ToS byte of the configuration fetch");
    DSCP_SCCP_SERVICES = uint("cnf.dscp_sccp_services", "ToS byte of services");
    DSCP_CALLMANAGER = uint("cnf.dscp_callmanager", "ToS byte from CallManager to the phone");
    SERVICES_PROVISIONING = uint("cnf.phone_services_provisioning", "Where the phone takes its services from").codes(provisioning);
    SERVICE_TYPE = uint("cnf.phone_service.type", "Each service: under which key").codes(service_type);
    SERVICE_CATEGORY = uint("cnf.phone_service.category", "Each service: XML or MIDlet").codes(service_category);
    SERVICE_NAME = text("cnf.phone_service.name", "Each service: its name");
    SERVICE_URL = text("cnf.phone_service.url", "Each service: its URL");
    DATE_TEMPLATE = text("cnf.date_template", "How dates are shown");
    TIME_ZONE = text("cnf.time_zone", "Time zone");
    NTP = text("cnf.ntp", "Each time server");
    TLS_RESUMPTION_TIMER = uint("cnf.tls_resumption_timer", "How long a TLS session may be resumed").unit("s");
    PAYLOAD_LENGTH = uint("cnf.payload_length", "Length of the encrypted configuration").unit("bytes");
    OTHER = text("cnf.other", "Any other setting: path=value");
    OTHER_SECRET = text("cnf.other_secret", "Any other setting that looks like a secret: path=value").secret();
}

/// Tags without tags inside, lower-case, wherever they stand.
pub(super) static LEAVES: &[(&str, &FieldDef)] = &[
    ("fullconfig", &FULL_CONFIG),
    ("deviceprotocol", &DEVICE_PROTOCOL),
    ("ipaddressmode", &IP_ADDRESS_MODE),
    ("tftpdefault", &TFTP_DEFAULT),
    ("devicesecuritymode", &DEVICE_SECURITY_MODE),
    ("transportlayerprotocol", &TRANSPORT_LAYER_PROTOCOL),
    ("inactiveloadinformation", &INACTIVE_LOAD_INFORMATION),
    ("loadserver", &LOAD_SERVER),
    ("peerfirmwaresharing", &PEER_FIRMWARE_SHARING),
    ("phonelabel", &PHONE_LABEL),
    ("phonepassword", &PHONE_PASSWORD),
    ("sshuserid", &SSH_USER),
    ("sshpassword", &SSH_PASSWORD),
    ("versionstamp", &VERSION_STAMP),
    ("networklocale", &NETWORK_LOCALE),
    ("autoregistration", &AUTO_REGISTRATION),
    ("autoregistrationname", &AUTO_REGISTRATION_NAME),
    ("selfprovisioningsecuremode", &SELF_PROVISIONING_SECURE_MODE),
    ("capfauthmode", &CAPF_AUTH_MODE),
    ("encrconfig", &ENCR_CONFIG),
    ("certhash", &CERT_HASH),
    ("connectionmonitorduration", &CONNECTION_MONITOR_DURATION),
    ("authenticationurl", &URL_AUTHENTICATION),
    ("directoryurl", &URL_DIRECTORY),
    ("servicesurl", &URL_SERVICES),
    ("informationurl", &URL_INFORMATION),
    ("messagesurl", &URL_MESSAGES),
    ("idleurl", &URL_IDLE),
    ("proxyserverurl", &URL_PROXY),
    ("secureauthenticationurl", &URL_SECURE_AUTHENTICATION),
    ("securedirectoryurl", &URL_SECURE_DIRECTORY),
    ("secureservicesurl", &URL_SECURE_SERVICES),
    ("secureinformationurl", &URL_SECURE_INFORMATION),
    ("securemessagesurl", &URL_SECURE_MESSAGES),
    ("secureidleurl", &URL_SECURE_IDLE),
    ("idletimeout", &IDLE_TIMEOUT),
    ("webaccess", &WEB_ACCESS),
    ("webprotocol", &WEB_PROTOCOL),
    ("pcport", &PC_PORT),
    ("spantopcport", &SPAN_TO_PC_PORT),
    ("voicevlanaccess", &VOICE_VLAN_ACCESS),
    ("settingsaccess", &SETTINGS_ACCESS),
    ("enablecdpswport", &ENABLE_CDP_SW_PORT),
    ("enablecdppcport", &ENABLE_CDP_PC_PORT),
    ("enablelldpswport", &ENABLE_LLDP_SW_PORT),
    ("enablelldppcport", &ENABLE_LLDP_PC_PORT),
    ("garp", &GARP),
    ("sshaccess", &SSH_ACCESS),
    ("detectcmconnectionfailure", &DETECT_CM_CONNECTION_FAILURE),
    ("mlppindicationstatus", &MLPP_INDICATION),
    ("preemption", &MLPP_PREEMPTION),
    ("softkeyfile", &SOFTKEY_FILE),
    ("dialtemplate", &DIAL_TEMPLATE),
    ("timerregisterexpires", &TIMER_REGISTER_EXPIRES),
    ("timerregisterdelta", &TIMER_REGISTER_DELTA),
    ("timerkeepaliveexpires", &TIMER_KEEPALIVE_EXPIRES),
    ("timerinviteexpires", &TIMER_INVITE_EXPIRES),
    ("timersubscribeexpires", &TIMER_SUBSCRIBE_EXPIRES),
    ("startmediaport", &START_MEDIA_PORT),
    ("stopmediaport", &STOP_MEDIA_PORT),
    ("voipcontrolport", &VOIP_CONTROL_PORT),
    ("outboundproxy", &OUTBOUND_PROXY),
    ("dscpforaudio", &DSCP_AUDIO),
    ("dscpvideo", &DSCP_VIDEO),
    ("dscpforsccpphoneconfig", &DSCP_SCCP_CONFIG),
    ("dscpforsccpphoneservices", &DSCP_SCCP_SERVICES),
    ("dscpforcm2dvce", &DSCP_CALLMANAGER),
    ("datetemplate", &DATE_TEMPLATE),
    ("timezone", &TIME_ZONE),
    ("tlsresumptiontimer", &TLS_RESUMPTION_TIMER),
];

macro_rules! meanings {
    ($($(#[$doc:meta])* $name:ident: $($number:literal $text:literal),*;)*) => { $(
        $(#[$doc])*
        pub fn $name(number: u64) -> Option<&'static str> {
            match number { $($number => Some($text),)* _ => None }
        }
    )* };
}
meanings! {
    /// `ipAddressMode`
    ip_address_mode: 0 "IPv4", 1 "IPv6", 2 "IPv4 and IPv6";
    /// `deviceSecurityMode`
    security_mode: 1 "non-secure", 2 "authenticated", 3 "encrypted";
    /// `transportLayerProtocol`; 4 was seen in CUCM files: the phone takes TCP.
    transport: 1 "TCP", 2 "UDP", 3 "TLS", 4 "TCP and UDP";
    /// `capfAuthMode`
    capf_auth_mode: 0 "none", 1 "password", 2 "empty password", 3 "LSC, else MIC", 4 "MIC";
    /// `webAccess`
    web_access: 0 "enabled", 1 "disabled", 2 "read only";
    /// Settings that 0 turns on.
    off_by_one: 0 "enabled", 1 "disabled";
    /// Settings that 1 turns on.
    on_by_one: 0 "disabled", 1 "enabled";
    /// `phoneServices provisioning`
    provisioning: 0 "this file", 1 "services URL", 2 "both";
    /// `phoneService type`
    service_type: 0 "services", 1 "directories", 2 "messages";
    /// `phoneService category`
    service_category: 0 "XML", 1 "MIDlet";
}
