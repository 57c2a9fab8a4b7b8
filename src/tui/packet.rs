//! One frame as a tree: its layers, and the messages it carried, field by field; with the bytes of each.

use super::seen::Seen;
use crate::decode::{self, Layer};
use crate::event::{Event, Mac};
use crate::report::events::{masked as hidden, shown};
use crate::secret;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// How deep.
    pub depth: usize,
    /// What it says.
    pub text: String,
    /// Which bytes it is of: index into [`Tree::bytes`], offset, length.
    pub bytes: (usize, usize, usize),
    /// Cannot be read.
    pub wrong: bool,
    /// The field's name and value as `-Y` takes them.
    pub filter: Option<String>,
}

/// A frame, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Lines.
    pub nodes: Vec<Node>,
    /// The frame's bytes, then each message's; secrets are masked.
    pub bytes: Vec<(String, Vec<u8>)>,
}

/// Takes a frame apart; secrets are masked unless `secrets`.
pub fn tree(seen: &Seen, number: u64, secrets: bool) -> Tree {
    let Some(frame) = seen.frame(number) else { return Tree::default() };
    let mut tree = Tree { nodes: Vec::new(), bytes: vec![(format!("frame {number}"), frame.bytes.clone())] };
    let frame = frame.frame(number);
    let packet = decode::packet(&frame);
    let origin = packet.origin;
    let mut put = |depth: usize, text: String, bytes: (usize, usize, usize)| {
        tree.nodes.push(Node { depth, text, bytes, wrong: false, filter: None });
    };
    let all = frame.bytes.len();
    let cut = if frame.wire_len as usize > all { format!(", {} on the wire", frame.wire_len) } else { String::new() };
    put(0, format!("Frame {number}: {all} bytes{cut}, {}", frame.time), (0, 0, all));
    let macs = [origin.eth_src, origin.eth_dst].map(|mac| mac.map_or("?".into(), |mac| Mac(mac).to_string()));
    let tags: Vec<String> = origin.vlans.ids().iter().map(ToString::to_string).collect();
    let vlan = if tags.is_empty() { String::new() } else { format!(", VLAN {}", tags.join(" ")) };
    let [from, to] = macs;
    put(0, format!("Link {from} → {to}{vlan}"), (0, 0, 14.min(all)));
    if let (Some(src), Some(dst)) = (origin.src, origin.dst) {
        let text = format!("IP {} → {}, TTL {}, DSCP {}", src.ip, dst.ip, origin.ttl, origin.dscp);
        put(0, text, (0, 14.min(all), 0));
    }
    let payload: &[u8] = match &packet.layer {
        Layer::Udp { payload }
        | Layer::Ip { payload, .. }
        | Layer::Ether { payload, .. }
        | Layer::Snap { payload, .. } => payload,
        Layer::Tcp(tcp) => tcp.payload,
        Layer::Fragment(fragment) => fragment.payload,
        Layer::None => &[],
    };
    let place = (0, offset(frame.bytes, payload), payload.len());
    if let Some(text) = transport(&packet.layer, &origin) {
        put(0, format!("{text}, {} bytes", payload.len()), place);
    }
    if let Some(stop) = packet.stop {
        let text = format!("! {} at byte {}", stop.what, stop.at);
        tree.nodes.push(Node { depth: 0, text, bytes: (0, stop.at.min(all), 0), wrong: true, filter: None });
    }
    let mut masked = false;
    for message in seen.of_frame(number) {
        let event = &message.event;
        let index = tree.bytes.len();
        let whole = Event { bytes: &message.bytes, ..event.borrow() };
        let bytes = if secrets { message.bytes.to_vec() } else { hidden(&whole).into_owned() };
        masked |= *bytes != *message.bytes;
        let later = if event.origin.frame == number {
            String::new()
        } else {
            format!(" (complete in frame {})", event.origin.frame)
        };
        tree.nodes.push(Node {
            depth: 0,
            text: format!("{}{later}", event.def.name),
            bytes: (index, 0, bytes.len()),
            wrong: false,
            filter: Some(format!("event.name == \"{}\"", event.def.name)),
        });
        for field in &event.fields {
            let value = shown(field.def, &field.value, secrets);
            let meaning = field.def.codes.zip(field.value.as_uint()).and_then(|(codes, number)| codes(number));
            let meaning = meaning.map(|meaning| format!(" ({meaning})")).unwrap_or_default();
            let unit = if field.def.unit.is_empty() { String::new() } else { format!(" {}", field.def.unit) };
            let quoted = matches!(field.value, crate::event::Value::Text(_));
            let filter = if quoted {
                format!("{} == {value:?}", field.def.name)
            } else {
                format!("{} == {value}", field.def.name)
            };
            tree.nodes.push(Node {
                depth: 1,
                text: format!("{}: {value}{unit}{meaning}", field.def.name),
                bytes: (index, field.at as usize, field.len as usize),
                wrong: false,
                filter: Some(filter).filter(|_| secrets || !field.def.secret),
            });
        }
        if let Some(defect) = event.defect {
            let text = format!("! {} at byte {}", defect.what, defect.at);
            tree.nodes.push(Node { depth: 1, text, bytes: (index, defect.at, 1), wrong: true, filter: None });
        }
        tree.bytes.push((event.def.name.to_owned(), bytes));
    }
    if !secrets && let Some((_, bytes)) = tree.bytes.first_mut() {
        // What no message tells: parts of one that is not whole, and what is not decoded.
        for place in secret::places(frame.bytes) {
            bytes.get_mut(place).unwrap_or_default().fill(b'*');
        }
    }
    if masked && let Some((_, bytes)) = tree.bytes.first_mut() {
        // What a message keeps secret its frame does not tell either.
        let (_, at, len) = place;
        bytes.get_mut(at..at + len).unwrap_or_default().fill(b'*');
    }
    tree
}

fn transport(layer: &Layer<'_>, origin: &crate::event::Origin) -> Option<String> {
    let ports = || {
        let (src, dst) = (origin.src?, origin.dst?);
        Some(format!("{} → {}", src.port, dst.port))
    };
    Some(match layer {
        Layer::Udp { .. } => format!("UDP {}", ports()?),
        Layer::Tcp(tcp) => {
            let flags: Vec<&str> = [(tcp.syn, "SYN"), (tcp.ack, "ACK"), (tcp.fin, "FIN"), (tcp.rst, "RST")]
                .into_iter()
                .filter_map(|(is, name)| is.then_some(name))
                .collect();
            format!("TCP {} [{}] seq {}", ports()?, flags.join(" "), tcp.seq)
        }
        Layer::Ip { proto, .. } => format!("IP protocol {proto}"),
        Layer::Ether { ether_type, .. } => format!("EtherType 0x{ether_type:04x}"),
        Layer::Snap { oui, pid, .. } => format!("SNAP 0x{oui:06x} 0x{pid:04x}"),
        Layer::Fragment(fragment) => {
            format!("Fragment {} of IP protocol {}, offset {}", fragment.id, fragment.proto, fragment.offset)
        }
        Layer::None => return None,
    })
}

/// Where a part of the frame begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr().addr()).checked_sub(whole.as_ptr().addr()).filter(|at| at + part.len() <= whole.len()).unwrap_or(0)
}
