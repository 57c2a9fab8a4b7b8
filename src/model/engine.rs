//! stub
#![allow(missing_docs, dead_code)]
use crate::event::{Event, EventDef, Value};
use crate::finding::{Finding, Flow, PhoneId};
use crate::phone::Concerned;
use crate::time::Ts;
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits;
#[derive(Debug, Default)]
pub struct Models;
#[derive(Debug, Clone, Copy)]
pub enum Identity {
    Name,
    Mac,
    Ip,
    Vlan,
    Model,
    Load,
    Dn,
    Callmanager,
}
pub trait Who {
    fn identity(&self, phone: PhoneId, what: Identity, found: &mut dyn FnMut(Value<'_>));
    fn visible(&self, phone: PhoneId, proto: &str) -> bool;
}
#[derive(Debug)]
pub struct Engine;
impl Engine {
    pub fn new(_: std::sync::Arc<Models>, _: Limits) -> Engine {
        Engine
    }
    pub fn wants(&self, _: &'static EventDef) -> bool {
        false
    }
    pub fn event(&mut self, _: &Event<'_>, _: &[Concerned], _: &dyn Who, _: &mut dyn FnMut(Finding)) {}
    pub fn tick(&mut self, _: Ts, _: &dyn Who, _: &mut dyn FnMut(Finding)) {}
    pub fn poll_timeout(&self) -> Option<Ts> {
        None
    }
    pub fn merge(&mut self, _: PhoneId, _: PhoneId) {}
    pub fn finish(&mut self, _: Ts, _: &dyn Who, _: &mut dyn FnMut(Finding)) -> Vec<Flow> {
        Vec::new()
    }
}
