//! ARP.
