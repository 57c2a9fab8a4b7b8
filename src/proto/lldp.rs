//! LLDP.
