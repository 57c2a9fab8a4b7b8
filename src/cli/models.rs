//! stub
use super::Stop;
use clap::Args;
/// stub
#[derive(Debug, Args)]
pub struct Models {}
impl Models {
    /// stub
    pub fn run(&self) -> Result<u8, Stop> {
        Ok(0)
    }
}
