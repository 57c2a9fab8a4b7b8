//! `x-cisco-alarm` bodies: what a phone says of itself in the REFER that begins a connection to CallManager.
//!
//! Read: alarms `DeviceTLInfo` and `LastOutOfServiceInformation`; every parameter is kept. Source: bodies as
//! Cisco phones send them (content type `application/x-cisco-alarm+xml`).

use super::Emit;
use super::xml::Node;
use crate::bytes::Malformed;
use crate::event::{FieldDef, text};
use crate::{events, fields};

/// More parameters than this are not kept.
const MAX_PARAMETERS: usize = 200;

events! { EVENTS;
    ALARM = "ciscoalarm.alarm", "A phone reports its state and its trust lists, or why it was out of service.";
}

fields! { FIELDS;
    NAME = text("ciscoalarm.name", "Name of the alarm: DeviceTLInfo, LastOutOfServiceInformation");
    DEVICE_NAME = text("ciscoalarm.device_name", "Name of the phone");
    IPV4 = text("ciscoalarm.ipv4", "IPv4 address of the phone");
    IPV6 = text("ciscoalarm.ipv6", "IPv6 address of the phone");
    CTL_SIGNATURE = text("ciscoalarm.ctl_signature", "Signature of the CTL that the phone holds; Not Installed without one");
    ITL_SIGNATURE = text("ciscoalarm.itl_signature", "Signature of the ITL that the phone holds");
    CTL_TFTP_SERVER = text("ciscoalarm.ctl_tftp_server", "TFTP server in the CTL");
    ITL_TFTP_SERVER = text("ciscoalarm.itl_tftp_server", "TFTP server in the ITL");
    STATUS_CODE = text("ciscoalarm.status_code", "Status of the trust list update");
    MODEL = text("ciscoalarm.model", "Model of the phone");
    REASON = text("ciscoalarm.reason", "Why the phone was out of service");
    NEIGHBOR = text("ciscoalarm.neighbor", "Name of the switch");
    NEIGHBOR_IP = text("ciscoalarm.neighbor_ip", "Address of the switch");
    NEIGHBOR_PORT = text("ciscoalarm.neighbor_port", "Port of the switch");
    VOICE_VLAN = text("ciscoalarm.voice_vlan", "Voice VLAN of the phone");
    GATEWAY = text("ciscoalarm.gateway", "Default gateway of the phone");
    CALLMANAGER = text("ciscoalarm.callmanager", "Address of CallManager");
    LOAD = text("ciscoalarm.load", "Firmware load that runs");
    DHCP_STATUS = text("ciscoalarm.dhcp_status", "Status of DHCP");
    TFTP_STATUS = text("ciscoalarm.tftp_status", "Status of the configuration fetch");
    DNS_STATUS = text("ciscoalarm.dns_status", "Status of name resolution of CallManager");
    LAST_SENT = text("ciscoalarm.last_sent", "Last protocol event that was sent");
    LAST_RECEIVED = text("ciscoalarm.last_received", "Last protocol event that was received");
    PARAMETER = text("ciscoalarm.parameter", "Any other parameter: name=value");
}

/// Names of parameters, lower-case, and their fields.
static PARAMETERS: &[(&str, &FieldDef)] = &[
    ("devicename", &DEVICE_NAME),
    ("deviceipv4address", &IPV4),
    ("ipv4address", &IPV4),
    ("deviceipv6address", &IPV6),
    ("ipv6address", &IPV6),
    ("ctl_signature", &CTL_SIGNATURE),
    ("itl_signature", &ITL_SIGNATURE),
    ("ctl_tftp_server", &CTL_TFTP_SERVER),
    ("itl_tftp_server", &ITL_TFTP_SERVER),
    ("statuscode", &STATUS_CODE),
    ("modelnumber", &MODEL),
    ("reasonforoutofservice", &REASON),
    ("neighbordeviceid", &NEIGHBOR),
    ("neighboripv4address", &NEIGHBOR_IP),
    ("neighborportid", &NEIGHBOR_PORT),
    ("voicevlan", &VOICE_VLAN),
    ("ipv4defaultgateway", &GATEWAY),
    ("unifiedcmipaddress", &CALLMANAGER),
    ("activeload", &LOAD),
    ("dhcpv4status", &DHCP_STATUS),
    ("tftpcfgstatus", &TFTP_STATUS),
    ("dnsstatusunifiedcm1", &DNS_STATUS),
    ("lastprotocoleventsent", &LAST_SENT),
    ("lastprotocoleventreceived", &LAST_RECEIVED),
];

/// Whether this is the outermost element of an alarm.
pub fn is(root: &Node) -> bool {
    root.is("x-cisco-alarm")
}

/// Says what an alarm says; false if `root` is none.
pub fn emit(root: &Node, defect: Option<Malformed>, emit: &mut Emit<'_>) -> bool {
    if !is(root) {
        return false;
    }
    for alarm in root.children.iter().filter(|c| c.is("Alarm")) {
        let mut fields = emit.wanted_fields();
        if let Some(name) = alarm.attribute("Name") {
            fields.str(&NAME, name, 0, 0);
        }
        let parameters = alarm.children.iter().filter(|c| c.is("ParameterList")).flat_map(|list| &list.children);
        for parameter in parameters.take(MAX_PARAMETERS) {
            let (Some(name), Some(value)) = (parameter.attribute("name"), parameter.own()) else { continue };
            match PARAMETERS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
                Some((_, def)) => fields.str(def, value, 0, 0),
                None if fields.wants(&PARAMETER) => fields.str(&PARAMETER, format!("{name}={value}"), 0, 0),
                None => &mut fields,
            };
        }
        emit.say(&ALARM, fields, defect);
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::content::{body, testing::lines};

    #[test]
    fn both_alarms() {
        let start = b"<x-cisco-alarm><Alarm Name=\"DeviceTLInfo\"><ParameterList><String name=\"DeviceName\">SEP001122334455</String>\
            <String name=\"CTL_Signature\">Not Installed</String><Enum name=\"StatusCode\">1</Enum></ParameterList></Alarm></x-cisco-alarm>";
        assert_eq!(
            lines(|emit| body("application/x-cisco-alarm+xml", start, emit)),
            [
                "ciscoalarm.alarm ciscoalarm.name=DeviceTLInfo ciscoalarm.device_name=SEP001122334455 ciscoalarm.ctl_signature=Not Installed ciscoalarm.status_code=1"
            ]
        );
        let last = b"<?xml version=\"1.0\"?><x-cisco-alarm>\n<Alarm Name=\"LastOutOfServiceInformation\"><ParameterList>\
            <String name=\"NeighborDeviceID\">sw1</String><String name=\"NeighborPortID\">Gi1/0/7</String>\
            <Enum name=\"ReasonForOutOfService\">25</Enum><String name=\"TimeStamp\">1</String></ParameterList></Alarm>";
        assert_eq!(
            lines(|emit| body("", last, emit)),
            [
                "ciscoalarm.alarm ciscoalarm.name=LastOutOfServiceInformation ciscoalarm.neighbor=sw1 ciscoalarm.neighbor_port=Gi1/0/7 \
              ciscoalarm.reason=25 ciscoalarm.parameter=TimeStamp=1 at=287 what=end of an XML element"
            ]
        );
    }
}
