//! The screen, drawn into memory: every view at three sizes, healthy and broken, in colour and without; what keys and
//! the mouse do; and how long a key takes.
//!
//! Pictures are kept in `tests/screens`; `OFFHOOK_BLESS=1 cargo test --test tui` writes them anew, to be looked at.

mod common;

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use offhook::live::pace::Speed;
use offhook::model::{Site, load};
use offhook::pipeline::{self, Options};
use offhook::source::file::CaptureFile;
use offhook::source::mem::{FrameBuf, Memory};
use offhook::source::{Notes, Source};
use offhook::time::{Span, Ts};
use offhook::tui::app::{App, Effect, Pane, View};
use offhook::tui::judge::{Judge, Parts};
use offhook::tui::player::Player;
use offhook::tui::theme::Theme;
use offhook::tui::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

fn judge() -> Judge {
    let schema = pipeline::schema();
    let models = load::load(&load::builtin(), &schema, &Site::default()).models().expect("the models load");
    let parts =
        Parts { schema: Arc::new(schema), models: Arc::new(models), options: Options::default(), keep: 64 << 20 };
    Judge::new(parts)
}

fn story(name: &str) -> Vec<FrameBuf> {
    let path = common::root().join("captures").join(format!("{name}.pcap"));
    let mut file = CaptureFile::open(&path).expect("the story is there");
    let mut frames = Vec::new();
    while let Some(frame) = file.next().expect("readable") {
        let mut kept = FrameBuf::ethernet(Ts::ZERO, Vec::new());
        kept.copy_from(&frame);
        frames.push(kept);
    }
    frames
}

/// After the story: the phone joins a group, and a page of three seconds comes, of which 30 packets are lost.
fn with_a_page(mut frames: Vec<FrameBuf>) -> Vec<FrameBuf> {
    let start = frames.last().expect("not empty").time + Span::from_secs(1);
    let phone = [0x00, 0x11, 0x22, 0x33, 0x44, 0x55];
    let join = [0x16, 0, 0xfa - 0x01, 0xfc, 239, 1, 1, 1];
    frames.push(ip(start, phone, [10, 20, 0, 50], [239, 1, 1, 1], 2, &join));
    for n in (0..150u16).filter(|n| !(60..90).contains(n)) {
        let mut udp = vec![0x50, 0, 0x50, 0, 0, 180, 0, 0, 0x80, 0];
        udp.extend(n.to_be_bytes());
        udp.extend((u32::from(n) * 160).to_be_bytes());
        udp.extend([0, 0, 0x12, 0x34]);
        udp.extend([0xff; 160]);
        let time = start + Span::from_millis(100 + 20 * i64::from(n));
        frames.push(ip(time, [2; 6], [10, 10, 0, 20], [239, 1, 1, 1], 17, &udp));
    }
    frames
}

fn ip(time: Ts, mac: [u8; 6], src: [u8; 4], dst: [u8; 4], proto: u8, payload: &[u8]) -> FrameBuf {
    let mut bytes = vec![0x01, 0, 0x5e, 1, 1, 1];
    bytes.extend(mac);
    bytes.extend([0x08, 0x00, 0x45, 0xb8]);
    bytes.extend((payload.len() as u16 + 20).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 16, proto, 0, 0]);
    bytes.extend(src);
    bytes.extend(dst);
    bytes.extend(payload);
    FrameBuf::ethernet(time, bytes)
}

fn judged(frames: &[FrameBuf]) -> Judge {
    let mut judge = judge();
    for (number, frame) in (1..).zip(frames) {
        judge.frame(&frame.frame(number));
    }
    judge.finish(&Notes::default());
    judge
}

fn app(frames: &[FrameBuf]) -> App {
    fresh(judged(frames))
}

fn fresh(judge: Judge) -> App {
    let mut app = App::new(judge, Theme::Dark);
    app.origin.name = "story.pcap".into();
    app.refresh();
    app
}

fn press(app: &mut App, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        effect = app.key(&KeyEvent::new(code, KeyModifiers::NONE)).or(effect);
    }
    effect
}

struct Picture {
    text: String,
    styles: String,
}

fn draw(app: &mut App, (width, height): (u16, u16)) -> Picture {
    app.size = (width, height);
    app.refresh();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| view::draw(app, frame)).expect("memory");
    let buffer = terminal.backend().buffer();
    let (mut text, mut styles) = (String::new(), String::new());
    for y in 0..height {
        let mut line = String::new();
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..width {
            let cell = buffer.cell((x, y)).expect("inside");
            line.push_str(cell.symbol());
            let mut style = String::new();
            for (mark, colour) in [("fg", cell.fg), ("bg", cell.bg)] {
                if colour != Color::Reset {
                    write!(style, "{mark}={colour} ").expect("memory");
                }
            }
            if cell.modifier != Modifier::empty() {
                write!(style, "{:?}", cell.modifier).expect("memory");
            }
            let style = style.trim().to_owned();
            match runs.last_mut() {
                Some((_, to, known)) if *known == style => *to = x,
                _ => runs.push((x, x, style)),
            }
        }
        writeln!(text, "{}", line.trim_end()).expect("memory");
        for (from, to, style) in runs.iter().filter(|(_, _, style)| !style.is_empty()) {
            writeln!(styles, "{y}:{from}-{to} {style}").expect("memory");
        }
    }
    Picture { text, styles }
}

/// Text once: it is the same in every theme; then the styles of each.
#[track_caller]
fn check(name: &str, size: (u16, u16), app: &mut App) {
    let mut drawn = |theme| {
        app.theme = theme;
        draw(app, size)
    };
    let [dark, light, plain] = [Theme::Dark, Theme::Light, Theme::Plain].map(&mut drawn);
    assert_eq!(dark.text, plain.text, "{name}: colour says what text does not");
    assert_eq!(dark.text, light.text, "{name}");
    assert!(!plain.styles.contains("fg=") && !plain.styles.contains("bg="), "{name}: NO_COLOR has colours");
    assert!(dark.styles.contains("fg=") && light.styles.contains("fg="), "{name}: no colours");
    let picture = format!("{}\n── dark\n{}\n── plain\n{}", dark.text, dark.styles, plain.styles);
    let path: PathBuf = common::root().join("tests/screens").join(format!("{name}-{}x{}.txt", size.0, size.1));
    if std::env::var_os("OFFHOOK_BLESS").is_some() {
        std::fs::write(&path, picture).expect("writable");
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let first = picture.lines().zip(known.lines()).position(|(a, b)| a != b);
    if picture != known {
        let line = first.unwrap_or_else(|| picture.lines().count().min(known.lines().count()));
        panic!(
            "{} differs in line {}:\n  now  {:?}\n  was  {:?}\n{}",
            path.display(),
            line + 1,
            picture.lines().nth(line).unwrap_or_default(),
            known.lines().nth(line).unwrap_or_default(),
            dark.text
        );
    }
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn each_view(name: &str, keys: &str) {
    for (state, frames) in
        [("healthy", with_a_page(story("boot-known-phone-http"))), ("broken", story("config-not-found"))]
    {
        let mut judge = judged(&frames);
        for size in SIZES {
            let mut app = fresh(judge);
            app.size = size;
            app.refresh();
            press(&mut app, keys);
            check(&format!("{name}-{state}"), size, &mut app);
            judge = app.judge;
        }
    }
}

#[test]
fn phones() {
    each_view("phones", "");
}

#[test]
fn phone() {
    each_view("phone", "\n");
}

#[test]
fn packets() {
    each_view("packets", "3jjjjjjjjjj");
}

#[test]
fn media() {
    each_view("media", "4");
}

#[test]
fn models() {
    each_view("models", "5j\t");
}

#[test]
fn what_did_not_come_is_dashed() {
    let frames = story("dhcp-no-answer");
    let mut app = app(&frames);
    app.size = (120, 40);
    press(&mut app, "\n");
    check("missing", (120, 40), &mut app);
    let text = draw(&mut app, (120, 40)).text;
    let line = text.lines().find(|line| line.contains("did not come")).expect("a dashed line");
    assert!(line.contains("✖╌") && line.contains("dhcp offer"), "{line}");
}

#[test]
fn keys_and_a_filter_that_is_wrong() {
    let frames = story("config-not-found");
    let mut judge = judged(&frames);
    for (name, keys) in [("help", "?"), ("filter", "3ftftp.sou"), ("filter-wrong", "3fdhcp.nonsense == 1")] {
        let mut app = fresh(judge);
        press(&mut app, keys);
        check(name, (80, 24), &mut app);
        judge = app.judge;
    }
}

#[test]
fn too_small_is_said_and_no_size_fails() {
    let frames = with_a_page(story("boot-known-phone-http"));
    let mut app = app(&frames);
    assert!(draw(&mut app, (30, 8)).text.contains("larger"));
    for keys in ["1", "2", "3", "4", "5", "?"] {
        press(&mut app, keys);
        for size in [(40, 10), (41, 11), (79, 23), (109, 24), (110, 24), (117, 12), (118, 12), (250, 11), (300, 100)] {
            draw(&mut app, size);
        }
    }
}

#[test]
fn a_filter_shows_the_frames_that_pass() {
    let mut app = app(&story("config-not-found"));
    press(&mut app, "3ftftp.error\n");
    let numbers: Vec<u64> = (0..app.packets_len()).filter_map(|line| app.packet_at(line)).collect();
    assert_eq!(numbers.get(..3), Some(&[29, 58, 70][..]));
    press(&mut app, ":filter phone.verdict == \"fail\" and dhcp\n");
    let numbers: Vec<u64> = (0..app.packets_len()).filter_map(|line| app.packet_at(line)).collect();
    assert_eq!(numbers, [9, 10, 11, 12]);
    press(&mut app, "\x1b");
    assert_eq!((app.packets_len(), app.view), (105, View::Packets), "Esc takes the filter away first");
}

#[test]
fn list_tree_and_bytes_follow_each_other() {
    let mut app = app(&story("config-not-found"));
    press(&mut app, "3:frame 9\n");
    assert_eq!(app.packet_at(app.packets.list.at), Some(9));
    let node = |app: &App| app.packets.tree.nodes[app.packets.node.at].text.clone();
    assert_eq!(node(&app), "dhcp.discover");
    press(&mut app, "\tj");
    assert_eq!((app.packets.pane, node(&app).as_str()), (Pane::Second, "dhcp.type: 1 (request)"));
    let (part, at, len) = app.packets.tree.nodes[app.packets.node.at].bytes;
    assert_eq!(app.packets.tree.bytes[part].1[at..at + len], [1]);
    assert_eq!(press(&mut app, "y"), Some(Effect::Copy("dhcp.type == 1".to_owned())));
    assert_eq!(app.prompt.as_ref().map(|prompt| prompt.text.as_str()), Some("dhcp.type == 1"));
}

/// A phone that boots, and one whose files are not there: chosen with Space, or the healthy one by itself.
#[test]
fn two_phones_beside_each_other() {
    let mut frames = story("boot-known-phone-http");
    let (from, to) = ([0x00, 0x11, 0x22, 0x33, 0x44, 0x55], [0x00, 0x11, 0x22, 0x33, 0x44, 0x66]);
    frames.extend(story("config-not-found").into_iter().map(|mut frame| {
        for (from, to) in [
            (&from[..], &to[..]),
            (b"001122334455", b"001122334466"),
            (&[10, 20, 0, 50], &[10, 20, 0, 66]),
            (b"10.20.0.50", b"10.20.0.66"),
        ] {
            let places: Vec<usize> = frame
                .bytes
                .windows(from.len())
                .enumerate()
                .filter(|(_, part)| *part == from)
                .map(|(at, _)| at)
                .collect();
            places.iter().for_each(|at| frame.bytes[*at..at + to.len()].copy_from_slice(to));
        }
        frame
    }));
    frames.sort_by_key(|frame| frame.time);
    let mut app = app(&frames);
    app.size = (120, 40);
    app.refresh();
    assert_eq!(app.board.rows.len(), 2);
    // The stuck one is on top; d sets it beside the healthy one, and so does choosing both.
    press(&mut app, "d");
    check("beside", (120, 40), &mut app);
    let picture = draw(&mut app, (120, 40)).text;
    assert!(picture.contains("parts at config"), "{picture}");
    let differences = |app: &App| app.beside.as_ref().map(|(beside, _)| beside.differences.clone());
    let by_itself = differences(&app);
    press(&mut app, "\x1b");
    assert!(app.beside.is_none() && app.view == View::Phones);
    press(&mut app, " j ");
    assert!(app.board.rows.iter().all(|row| app.is_marked(row.id)));
    press(&mut app, "d");
    assert!(by_itself.is_some_and(|by_itself| differences(&app) == Some(by_itself)));
    check("beside", (80, 24), &mut app);
    press(&mut app, "x ");
    assert_eq!(app.board.rows.iter().filter(|row| app.is_marked(row.id)).count(), 1, "chosen no longer");
}

#[test]
fn what_the_stuck_ones_share_is_told_once() {
    let story = offhook::synth::story("config-not-found").expect("a scenario");
    let frames: Vec<FrameBuf> =
        offhook::synth::capture(story, &offhook::synth::Options { phones: Some(4), ..Default::default() })
            .iter()
            .map(|frame| FrameBuf::ethernet(frame.time, frame.bytes.clone()))
            .collect();
    let mut app = app(&frames);
    let text = draw(&mut app, (120, 40)).text;
    let line = text.lines().find(|line| line.contains("shared:")).expect("what they share");
    assert!(line.starts_with(" shared: 4 of 4 stuck at config · in VLAN 110 · on switch "), "{line}");
}

#[test]
fn from_a_finding_to_its_packet_and_back() {
    let mut app = app(&story("config-not-found"));
    press(&mut app, "\n\t\n");
    assert_eq!(app.view, View::Packets);
    let frame = app.packet_at(app.packets.list.at).expect("a frame");
    assert!(app.phone.findings[0].frames.contains(&frame));
    assert_eq!(press(&mut app, "q"), None);
    assert_eq!(app.view, View::Phone);
    assert_eq!(press(&mut app, "q"), None);
    assert_eq!(press(&mut app, "q"), Some(Effect::Quit));
}

#[test]
fn the_mouse_opens_a_phone_and_a_tab() {
    let mut app = app(&story("two-phones"));
    app.size = (80, 24);
    app.refresh();
    let click = |app: &mut App, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        app.mouse(&MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    click(&mut app, 5, 5);
    assert_eq!(app.phones.list.at, 1);
    click(&mut app, 5, 5);
    assert_eq!((app.view, app.phone.id), (View::Phone, app.phones.id));
    click(&mut app, 24, 0);
    assert_eq!(app.view, View::Packets);
}

#[test]
fn a_replay_steps_goes_on_to_a_finding_and_back() {
    let frames = story("config-not-found");
    let open = move || Ok(Box::new(Memory::new(frames.clone())) as Box<dyn Source>);
    let mut player = Player::new(Box::new(open), Speed::Times(1.0)).expect("opens");
    let mut judge = judge();
    let at = std::time::Duration::from_secs_f64;
    let run = |player: &mut Player, judge: &mut Judge, seconds: f64| {
        player.play(judge, at(seconds), &mut || true).expect("memory").unwrap_or_default().as_secs_f64()
    };
    // The second frame comes 0.4 s after the first, and is not played before.
    let due = run(&mut player, &mut judge, 100.0);
    assert_eq!((player.at, due), (1, 0.4));
    run(&mut player, &mut judge, 100.41);
    assert_eq!(player.at, 2);
    player.pause();
    run(&mut player, &mut judge, 200.0);
    assert_eq!(player.at, 2);
    player.step();
    run(&mut player, &mut judge, 200.0);
    assert_eq!((player.at, player.paused), (3, true));
    player.to_next_finding(&judge);
    run(&mut player, &mut judge, 200.0);
    let first = player.at;
    assert_eq!((judge.findings().len(), player.paused), (1, true));
    player.to_next_finding(&judge);
    run(&mut player, &mut judge, 200.0);
    assert!(player.at > first && judge.findings().len() == 2);
    player.to_finding_before(&mut judge).expect("opens");
    run(&mut player, &mut judge, 200.0);
    assert_eq!((player.at, judge.findings().len()), (first, 1));
    player.set_speed(Speed::Full);
    player.pause();
    run(&mut player, &mut judge, 200.0);
    assert!(player.ended && judge.is_over());
}

#[test]
fn memory_is_bounded_and_what_is_gone_is_said() {
    let schema = pipeline::schema();
    let models = Arc::new(load::load(&[], &schema, &Site::default()).models);
    let parts = Parts { schema: Arc::new(schema), models, options: Options::default(), keep: 100_000 };
    let mut judge = Judge::new(parts);
    let frames = story("boot-known-phone-tftp");
    for round in 0..20u64 {
        for (number, frame) in (1..).zip(&frames) {
            let mut frame = frame.clone();
            frame.time += Span::from_secs(600 * round as i64);
            judge.frame(&frame.frame(round * frames.len() as u64 + number));
        }
    }
    let seen = judge.seen();
    let kept: usize = seen.frames().map(|frame| frame.bytes.len()).sum();
    assert!(kept < 100_000 && seen.let_go > 0 && !seen.is_empty());
    assert_eq!(seen.len() as u64 + seen.let_go, 20 * frames.len() as u64);
    let oldest = seen.at(0).expect("some").0;
    assert!(seen.serials().all(|serial| seen.message(serial).is_some_and(|m| m.event.origin.frame >= oldest)));
    let mut app = App::new(judge, Theme::Dark);
    press(&mut app, "3");
    assert!(draw(&mut app, (120, 40)).text.contains("no longer kept"));
}

#[test]
fn secrets_are_masked_in_fields_and_bytes() {
    let mut app = app(&story("auto-registration-digest-rejected"));
    let secret = app.judge.seen().serials().find_map(|serial| {
        let message = app.judge.seen().message(serial)?;
        let field = message.event.fields.iter().find(|field| field.def.secret && field.len > 8)?;
        let at = field.at as usize;
        Some((message.event.origin.frame, field.def.name, message.bytes[at..at + field.len as usize].to_vec()))
    });
    let (frame, name, bytes) = secret.expect("a digest was sent");
    press(&mut app, "3");
    app.go_to_frame(frame);
    let holds = |app: &App| {
        let tree = &app.packets.tree;
        let word = String::from_utf8_lossy(&bytes).into_owned();
        tree.bytes.iter().any(|(_, all)| all.windows(bytes.len()).any(|window| window == bytes))
            || tree.nodes.iter().any(|node| node.text.contains(&word))
    };
    assert!(app.packets.tree.nodes.iter().any(|node| node.text.starts_with(&format!("{name}: ***"))));
    assert!(!holds(&app));
}
