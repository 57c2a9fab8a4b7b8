//! phone_xml.
