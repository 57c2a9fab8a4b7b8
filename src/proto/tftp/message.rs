//! TFTP messages (RFC 1350 §5, RFC 2347): pure.

use crate::bytes::{Malformed, Reader};
use crate::event::{FieldDef, Fields, bytes, text, uint};
use crate::fields;
use crate::proto::Probe;

fields! { FIELDS;
    OPCODE = uint("tftp.opcode", "Kind of message").codes(opcode_name);
    SOURCE_FILE = text("tftp.source_file", "File that is asked for");
    DESTINATION_FILE = text("tftp.destination_file", "File that is to be written");
    TYPE = text("tftp.type", "Transfer mode: octet or netascii");
    OPTION_NAME = text("tftp.option.name", "Name of an option");
    OPTION_VALUE = text("tftp.option.value", "Value of the option");
    BLOCK = uint("tftp.block", "Block number, modulo 65536");
    DATA_LEN = uint("tftp.data_len", "Bytes of content in the block").unit("bytes");
    BLOCK_DATA = bytes("tftp.block_data", "Content of a block that may hold passwords: of a configuration, or of a file that nobody saw asked for").secret();
    ERROR_CODE = uint("tftp.error.code", "Error code").codes(error_name);
    ERROR_MESSAGE = text("tftp.error.message", "Text of the error");
}

fn opcode_name(code: u64) -> Option<&'static str> {
    let names =
        ["Read Request", "Write Request", "Data Packet", "Acknowledgement", "Error Code", "Option Acknowledgement"];
    names.get(usize::try_from(code).ok()?.checked_sub(1)?).copied()
}

fn error_name(code: u64) -> Option<&'static str> {
    let names = [
        "Not defined",
        "File not found",
        "Access violation",
        "Disk full or allocation exceeded",
        "Illegal TFTP Operation",
        "Unknown transfer ID",
        "File already exists",
        "No such user",
        "Option negotiation failed",
    ];
    names.get(usize::try_from(code).ok()?).copied()
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// RRQ or WRQ.
    Request {
        /// WRQ.
        write: bool,
        /// The name as sent.
        file: &'a [u8],
        /// What the client would like.
        options: Options,
    },
    /// DATA.
    Data {
        /// Modulo 65536.
        block: u16,
        /// Its content.
        data: &'a [u8],
    },
    /// ACK of this block, modulo 65536.
    Ack(u16),
    /// ERROR.
    Error {
        /// RFC 1350, appendix.
        code: u16,
        /// Without its NUL.
        message: &'a [u8],
    },
    /// OACK: the options that hold.
    Oack(Options),
}

/// The options that decide what a transfer looks like; `None` where one is not there or makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Bytes a block, 8 to 65464 (RFC 2348).
    pub blksize: Option<u64>,
    /// Blocks to one ACK (RFC 7440).
    pub windowsize: Option<u64>,
    /// Size of the file in bytes (RFC 2349).
    pub tsize: Option<u64>,
}

/// Reads a message, and pushes its fields as far as they can be read. A message may come together with a defect:
/// then the rest of it could not be read.
pub fn parse<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (Option<Message<'a>>, Option<Malformed>) {
    let mut r = Reader::new(bytes);
    let opcode = match r.u16("opcode") {
        Ok(opcode) => opcode,
        Err(defect) => return (None, Some(defect)),
    };
    fields.uint(&OPCODE, opcode, 0, 2);
    let mut message = match opcode {
        1 | 2 => Message::Request { write: opcode == 2, file: &[], options: Options::default() },
        3 => Message::Data { block: 0, data: &[] },
        4 => Message::Ack(0),
        5 => Message::Error { code: 0, message: &[] },
        6 => Message::Oack(Options::default()),
        _ => return (None, Some(Malformed { at: 0, what: "opcode" })),
    };
    let defect = rest(&mut r, &mut message, fields).err();
    (Some(message), defect)
}

/// A whole block or ACK, read without its fields.
pub(super) fn unshown(bytes: &[u8]) -> Option<Message<'_>> {
    match bytes {
        [0, 3, a, b, data @ ..] => Some(Message::Data { block: u16::from_be_bytes([*a, *b]), data }),
        [0, 4, a, b] => Some(Message::Ack(u16::from_be_bytes([*a, *b]))),
        _ => None,
    }
}

fn rest<'a>(r: &mut Reader<'a>, message: &mut Message<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    match message {
        Message::Request { write, file, options } => {
            let name = if *write { &DESTINATION_FILE } else { &SOURCE_FILE };
            *file = text_field(r, "file name", name, fields)?;
            text_field(r, "mode", &TYPE, fields)?;
            read_options(r, options, fields)?;
        }
        Message::Data { block, data } => {
            *block = r.u16("block number")?;
            *data = r.rest();
            fields.uint(&BLOCK, *block, 2, 2).uint(&DATA_LEN, data.len() as u64, 4, data.len());
        }
        Message::Ack(block) => {
            *block = r.u16("block number")?;
            fields.uint(&BLOCK, *block, 2, 2);
        }
        Message::Error { code, message } => {
            *code = r.u16("error code")?;
            fields.uint(&ERROR_CODE, *code, 2, 2);
            // Some servers forget the NUL: the text is there all the same.
            *message = r.rest().split(|b| *b == 0).next().unwrap_or_default();
            fields.text(&ERROR_MESSAGE, message, r.at());
            r.until_nul("error message")?;
        }
        Message::Oack(options) => read_options(r, options, fields)?,
    }
    Ok(())
}

fn text_field<'a>(
    r: &mut Reader<'a>,
    what: &'static str,
    def: &'static FieldDef,
    fields: &mut Fields<'a>,
) -> Result<&'a [u8], Malformed> {
    let at = r.at();
    let text = r.until_nul(what)?;
    fields.text(def, text, at);
    Ok(text)
}

fn read_options<'a>(r: &mut Reader<'a>, options: &mut Options, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    while !r.is_empty() {
        let name = text_field(r, "option name", &OPTION_NAME, fields)?;
        let value = text_field(r, "option value", &OPTION_VALUE, fields)?;
        let number = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse::<u64>().ok());
        if name.eq_ignore_ascii_case(b"blksize") {
            options.blksize = number.filter(|n| (8..=65464).contains(n));
        } else if name.eq_ignore_ascii_case(b"windowsize") {
            options.windowsize = number.filter(|n| (1..=65535).contains(n));
        } else if name.eq_ignore_ascii_case(b"tsize") {
            options.tsize = number;
        }
    }
    Ok(())
}

pub(super) fn probe(bytes: &[u8]) -> Probe {
    let text = |b: &u8| *b == 0 || (0x20..0x7f).contains(b) || *b >= 0x80;
    let is = match bytes {
        // A request whose name has no end is one all the same.
        [0, 1 | 2, rest @ ..] => rest.len() >= 2 && rest.iter().all(text),
        [0, 6, rest @ ..] => rest.len() >= 2 && rest.last() == Some(&0) && rest.iter().all(text),
        [0, 3, _, _, ..] => true,
        [0, 4, _, _] => true,
        [0, 5, 0, code, ..] => *code <= 8,
        _ => false,
    };
    if is { Probe::Yes } else { Probe::No }
}
