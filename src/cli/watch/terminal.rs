//! The terminal: taken, and given back whatever happens.

use std::io::{self, Stdout};
use std::sync::Once;

use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

/// The terminal, as long as this lives.
pub struct Terminal(ratatui::Terminal<CrosstermBackend<Stdout>>);

static HOOK: Once = Once::new();

impl Terminal {
    /// Takes it.
    pub fn begin() -> io::Result<Terminal> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        enable_raw_mode()?;
        let begun = execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture)
            .and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(io::stdout())));
        match begun {
            Ok(terminal) => Ok(Terminal(terminal)),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(|frame| {
            fail_if_asked();
            draw(frame);
        })?;
        Ok(())
    }

    /// Forgets what is on it: the next drawing is whole.
    pub fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    /// Width and height.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.0.size()?;
        Ok((size.width, size.height))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back. Safe to call twice; what fails here cannot be helped.
fn give_back() {
    let _ = execute!(io::stdout(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// A test build fails while it draws, if a test says so: that the terminal comes back then has to be seen.
#[cfg(debug_assertions)]
#[allow(clippy::panic)]
fn fail_if_asked() {
    if std::env::var_os("OFFHOOK_TEST_FAIL_DRAWING").is_some_and(|file| std::path::Path::new(&file).exists()) {
        panic!("asked to fail while drawing");
    }
}

#[cfg(not(debug_assertions))]
fn fail_if_asked() {}
