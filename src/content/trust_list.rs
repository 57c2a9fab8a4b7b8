//! trust_list.
