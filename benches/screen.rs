//! What a key costs on the screen: `cargo bench --bench screen`.
//!
//! 10,000 phones are on their way up; `key` is a key with the picture after it, `changed` the same while frames come,
//! when the board is made anew. The mark is 100 ms.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::{Bencher, Divan};
use offhook::model::{Site, load};
use offhook::pipeline::{self, Options};
use offhook::source;
use offhook::synth;
use offhook::tui::app::App;
use offhook::tui::judge::{Judge, Parts};
use offhook::tui::theme::Theme;
use offhook::tui::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const PHONES: u32 = 10_000;

fn main() {
    Divan::from_args().main();
}

/// The story's phone, as number `n`: its MAC and the name that holds it, in every frame.
fn renumbered(bytes: &[u8], n: u32) -> Vec<u8> {
    let [_, a, b, c] = (n + 1).to_be_bytes();
    let mac = [0x00, 0x11, 0x22, a, b, c];
    let name: String = mac.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut bytes = bytes.to_vec();
    for (from, to) in [(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55][..], &mac[..]), (b"001122334455", name.as_bytes())] {
        let places: Vec<usize> =
            bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from).map(|(at, _)| at).collect();
        for at in places {
            bytes.get_mut(at..at + to.len()).unwrap_or_default().copy_from_slice(to);
        }
    }
    bytes
}

fn app() -> (App, Vec<source::mem::FrameBuf>) {
    let schema = pipeline::schema();
    let models = load::load(&load::builtin(), &schema, &Site::default()).models;
    let parts =
        Parts { schema: Arc::new(schema), models: Arc::new(models), options: Options::default(), keep: 512 << 20 };
    let mut judge = Judge::new(parts);
    let story = synth::story("dhcp-no-answer").map(|story| synth::capture(story, &synth::Options::default()));
    let frames: Vec<source::mem::FrameBuf> = story
        .unwrap_or_default()
        .iter()
        .map(|frame| source::mem::FrameBuf::ethernet(frame.time, frame.bytes.clone()))
        .collect();
    let mut number = 0;
    // What the phone sends itself: on one link there is one phone, and a switch could not be told apart.
    for frame in
        frames.iter().filter(|frame| frame.bytes.get(6..12) == Some(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55])).take(6)
    {
        for n in 0..PHONES {
            number += 1;
            let frame = source::mem::FrameBuf { bytes: renumbered(&frame.bytes, n), ..frame.clone() };
            judge.frame(&frame.frame(number));
        }
    }
    let mut app = App::new(judge, Theme::Dark);
    app.size = (120, 40);
    app.refresh();
    assert_eq!(app.board.rows.len(), PHONES as usize);
    (app, frames)
}

fn key_and_picture(app: &mut App, terminal: &mut Terminal<TestBackend>, code: KeyCode) {
    app.key(&KeyEvent::new(code, KeyModifiers::NONE));
    let _ = terminal.draw(|frame| view::draw(app, frame));
}

fn terminal() -> Terminal<TestBackend> {
    let Ok(terminal) = Terminal::new(TestBackend::new(120, 40));
    terminal
}

#[divan::bench]
fn key(bencher: Bencher<'_, '_>) {
    let (mut app, mut terminal) = (app().0, terminal());
    bencher.bench_local(|| key_and_picture(&mut app, &mut terminal, KeyCode::Char('j')));
}

#[divan::bench]
fn sort(bencher: Bencher<'_, '_>) {
    let (mut app, mut terminal) = (app().0, terminal());
    bencher.bench_local(|| key_and_picture(&mut app, &mut terminal, KeyCode::Char('>')));
}

#[divan::bench]
fn changed(bencher: Bencher<'_, '_>) {
    let ((mut app, frames), mut terminal) = (app(), terminal());
    let last = frames.last().map(|frame| frame.frame(1_000_000));
    bencher.bench_local(|| {
        if let Some(frame) = &last {
            app.judge.frame(frame);
        }
        app.refresh();
        key_and_picture(&mut app, &mut terminal, KeyCode::Char('j'));
    });
}

#[divan::bench]
fn ladder(bencher: Bencher<'_, '_>) {
    let ((mut app, frames), mut terminal) = (app(), terminal());
    app.key(&KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    let last = frames.last().map(|frame| frame.frame(1_000_000));
    bencher.bench_local(|| {
        if let Some(frame) = &last {
            app.judge.frame(frame);
        }
        key_and_picture(&mut app, &mut terminal, KeyCode::Char('j'));
    });
}
