//! The built-in models and the hardest sequences as sketches; what the engine promises; what errors say.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::example::{Example, play};
use super::testing::schema;
use super::*;
use crate::event::{Event, Origin};
use crate::finding::{Finding, Findings, Flow, Loss, PhoneId, Verdict};
use crate::time::{Span, Ts};

mod lint;

/// The hardest four, as proof of the language: what they judge is not complete.
const SKETCHES: &[(&str, &str)] = &[
    ("tests/sketches/itl.toml", include_str!("../../tests/sketches/itl.toml")),
    ("tests/sketches/auto-registration.toml", include_str!("../../tests/sketches/auto-registration.toml")),
    ("tests/sketches/failover.toml", include_str!("../../tests/sketches/failover.toml")),
    ("tests/sketches/paging.toml", include_str!("../../tests/sketches/paging.toml")),
];

static EVERYTHING: LazyLock<Arc<Models>> = LazyLock::new(|| {
    let wanted = ["models/dhcp.toml", "models/tftp-server.toml"];
    let mut sources = load::builtin();
    sources.retain(|source| wanted.contains(&source.file.as_str()));
    sources.extend(SKETCHES.iter().map(|(file, text)| load::Source { file: (*file).into(), text: (*text).into() }));
    let loaded = load::load(&sources, &schema(), &Site::default());
    assert!(loaded.told.is_empty(), "{}", lines(&loaded.told));
    Arc::new(loaded.models)
});

fn lines(told: &[ModelError]) -> String {
    told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Every example, with the number of its model.
fn examples() -> Vec<(usize, &'static Example)> {
    EVERYTHING
        .list
        .iter()
        .enumerate()
        .flat_map(|(number, model)| model.examples.iter().map(move |e| (number, e)))
        .collect()
}

#[test]
fn models_and_their_examples_hold() {
    let told = check::examples(&EVERYTHING);
    assert!(told.is_empty(), "{}", lines(&told));
}

proptest! {
    #[test]
    fn ticks_change_when_something_is_said_but_never_what(
        which in any::<proptest::sample::Index>(),
        ticks in proptest::collection::vec(0i64..400_000, 0..40),
    ) {
        let all = examples();
        let (model, example) = all[which.index(all.len())];
        let mut ticks: Vec<Span> = ticks.into_iter().map(Span::from_millis).collect();
        ticks.sort();
        let without = play(&EVERYTHING, model, example, usize::MAX, &[]);
        let with = play(&EVERYTHING, model, example, usize::MAX, &ticks);
        prop_assert_eq!(without.findings, with.findings);
        prop_assert_eq!(without.flows, with.flows);
    }
}

#[track_caller]
fn nothing_fails(model: usize, example: &Example, how: &str) {
    let outcome = play(&EVERYTHING, model, example, usize::MAX, &[]);
    let fails: Vec<&Finding> = outcome.findings.iter().filter(|finding| finding.severity == Severity::Fail).collect();
    let id = &EVERYTHING.list[model].id;
    assert!(fails.is_empty(), "{id}, \"{}\", {how}: {fails:#?}", example.name);
}

#[test]
fn a_passing_trace_cut_anywhere_raises_no_fail() {
    for (model, example) in examples().into_iter().filter(|(model, example)| example.passes(&EVERYTHING, *model)) {
        for from in 0..example.trace.len() {
            for to in from..=example.trace.len() {
                let mut cut = example.clone();
                cut.trace = example.trace[from..to].to_vec();
                nothing_fails(model, &cut, &format!("lines {from} to {to}"));
            }
        }
    }
}

#[test]
fn a_passing_trace_of_which_one_direction_is_missing_raises_no_fail() {
    for (model, example) in examples().into_iter().filter(|(model, example)| example.passes(&EVERYTHING, *model)) {
        for sent in [true, false] {
            let mut half = example.clone();
            half.trace.retain(|line| line.event.is_none() || line.sends() == sent);
            half.hide(schema().events().iter().map(|event| event.proto()));
            nothing_fails(model, &half, if sent { "only what the phone sends" } else { "only what it receives" });
        }
    }
}

/// A model of one's own, without the keys that every model has.
fn model(body: &str) -> String {
    format!("id = \"x\"\ntitle = \"X\"\nsources = [\"s\"]\nsubject = \"phone\"\nstart = \"a\"\n{body}")
}

const FAIL: &str = "severity = \"fail\"\nwhy = \"w\"\nfix = \"f\"\n";

fn loaded(text: &str) -> Arc<Models> {
    let loaded = load::load(
        &[load::Source { file: "x.toml".into(), text: text.to_owned().into() }],
        &schema(),
        &Site::default(),
    );
    let errors: Vec<ModelError> = loaded.told.iter().filter(|told| !told.warning).cloned().collect();
    assert!(errors.is_empty(), "{}", lines(&errors));
    Arc::new(loaded.models)
}

/// Runs the one example of a model; one line for each finding and flow.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let models = loaded(text);
    let outcome = play(&models, 0, &models.list[0].examples[0], usize::MAX, &[]);
    let findings = outcome.findings.iter().map(|finding| {
        let at = finding.time.since(Ts::ZERO).as_secs_f64();
        format!("{at} {} x{} {:?} {}", finding.id, finding.times, finding.frames, finding.what)
    });
    let flows = outcome.flows.iter().map(|flow| {
        let key = flow.key.as_ref().map(|key| format!(" key={key}")).unwrap_or_default();
        let joined = if flow.joined { " joined" } else { "" };
        format!("{} {}{key}{joined} {}", flow.verdict, flow.state, flow.reason).trim_end().to_owned()
    });
    assert_eq!(findings.chain(flows).collect::<Vec<_>>(), expected);
}

#[test]
fn an_unknown_guard_takes_no_row_and_leaves_the_run_inconclusive() {
    let body = |guard: &str| {
        model(&format!(
            "accept = [\"b\"]\nrows = [\n \"a file.request -> b\",\n \"b itl.list when {guard} -> = {{ raise x.bad }}\",\n]\n\
             [finding.\"x.bad\"]\nwhat = \"bad\"\n{FAIL}\n\
             [[example]]\ntrace = [\"0 file.request\", \"1 itl.list itl.signature.valid=null\", \"2 itl.list itl.signature.valid=true\"]\n"
        ))
    };
    check(
        &body("itl.signature.valid == false"),
        &["inconclusive b x.bad cannot be told: what it rests on is not known"],
    );
    check(&body("known(itl.signature.valid) and itl.signature.valid == false"), &["pass b"]);
    check(&body("itl.signature.valid == true"), &["2 x.bad x1 [1, 3] bad", "fail b"]);
}

#[test]
fn a_deadline_whose_guard_is_unknown_decides_nothing() {
    let body = |late: &str| {
        model(&format!(
            "accept = [\"b\"]\nrows = [\"a file.request -> b\"]\n[facts]\nf = \"list: f\"\n\
             [state.b]\nwithin = \"5s\"\nlate = [{late}]\n\
             [finding.\"x.bad\"]\nwhat = \"bad\"\n{FAIL}\n[finding.\"x.else\"]\nwhat = \"else\"\nseverity = \"warn\"\nwhy = \"w\"\nfix = \"f\"\n\
             [[example]]\ntrace = [\"0 file.request\", \"9 frame\"]\n"
        ))
    };
    let bad = "{ when = \"not phone.f\", raise = \"x.bad\" }";
    check(&body(bad), &["inconclusive b x.bad cannot be told: what it rests on is not known"]);
    check(&body(&format!("{bad}, {{ raise = \"x.else\" }}")), &["5 x.else x1 [1] else", "pass b"]);
    check(&body("{ when = \"not known(phone.f)\", raise = \"x.bad\" }"), &["5 x.bad x1 [1] bad", "fail b"]);
}

#[test]
fn a_row_that_stays_keeps_the_deadline_unless_it_restarts() {
    let body = |action: &str| {
        model(&format!(
            "rows = [\"a file.request -> b\", \"b file.found -> = {action}\"]\n[state.b]\nwithin = \"5s\"\nuntil = \"tcp.reset\"\n\
             late = [{{ raise = \"x.bad\" }}]\n[finding.\"x.bad\"]\nwhat = \"after {{s}} s\"\n{FAIL}with = {{ s = \"elapsed()\" }}\n\
             [[example]]\ntrace = [\"0 file.request\", \"4 file.found\", \"99 frame\"]\n"
        ))
    };
    check(&body(""), &["5 x.bad x1 [1, 2] after 5 s", "fail b"]);
    check(&body("{ restart }"), &["9 x.bad x1 [1, 2] after 5 s", "fail b"]);
    check(&body("").replace("4 file.found", "4 tcp.reset"), &["inconclusive b b when the capture ended"]);
    check(&body("").replace("99 frame", "4.9 frame"), &["inconclusive b b when the capture ended"]);
    check(&body("").replace("99 frame", "5 frame"), &["5 x.bad x1 [1, 2] after 5 s", "fail b"]);
}

#[test]
fn a_deadline_that_leads_to_its_own_state_waits_again_and_ends() {
    let text = model(
        "accept = [\"b\"]\nrows = [\"a file.request -> b\"]\n[keep]\nn = 0\n[state.b]\nwithin = \"0s\"\n\
         late = [{ when = \"n < 3\", do = \"n += 1\", to = \"b\" }, { raise = \"x.n\" }]\n\
         [finding.\"x.n\"]\nseverity = \"info\"\nwhat = \"{n} times\"\nwhy = \"w\"\nfix = \"f\"\n\
         [[example]]\ntrace = [\"0 file.request\", \"9 frame\"]\n",
    );
    check(&text, &["0.004 x.n x1 [1] 3 times", "pass b"]);
}

#[test]
fn a_key_tells_runs_apart_and_may_begin_anew_after_its_run_is_over() {
    let text = model(
        "accept = [\"c\"]\njoin = [\"b\"]\nkey = { \"sip.request\" = \"sip.Call-ID\" }\n\
         rows = [\"a sip.request when sip.Method == \\\"INVITE\\\" -> b\", \"b sip.request when sip.Method == \\\"BYE\\\" -> c\"]\n\
         [[example]]\ntrace = [\n\"0 sip.request sip.Method=INVITE sip.Call-ID=1\",\n\"1 sip.request sip.Method=INVITE sip.Call-ID=2\",\n\
         \"2 sip.request sip.Method=BYE sip.Call-ID=1\",\n\"3 sip.request sip.Method=BYE sip.Call-ID=1\",\n\
         \"4 sip.request sip.Method=INVITE sip.Call-ID=1\",\n\"5 sip.request sip.Method=BYE sip.Call-ID=3\",\n\"6 sip.request sip.Method=INVITE\"]\n",
    );
    check(
        &text,
        &[
            "pass c key=1",
            "inconclusive b key=2 b when the capture ended",
            "inconclusive b key=1 b when the capture ended",
            "pass c key=3 joined",
        ],
    );
}

#[test]
fn the_same_found_again_is_one_finding_and_counts_update_it() {
    let body = |more: &str| {
        model(&format!(
            "rows = [\"a file.request -> b {{ n += 1; raise x.n }}\", \"b file.request -> = {{ n += 1; raise x.n }}\"]\n[keep]\nn = 0\n\
             [finding.\"x.n\"]\nseverity = \"info\"\nwhat = \"{{n}}\"\nwhy = \"w\"\nfix = \"f\"\n{more}\n\
             [[example]]\ntrace = [\"0 file.request\", \"1 file.request\", \"2 file.request\"]\n"
        ))
    };
    let last = "inconclusive b b when the capture ended";
    check(&body(""), &["0 x.n x1 [1] 1", "1 x.n x1 [1, 2] 2", "2 x.n x1 [1, 2, 3] 3", last]);
    check(&body("again = \"update\""), &["0 x.n x3 [1, 2, 3] 3", last]);
    check(&body("").replace("what = \"{n}\"", "what = \"many\""), &["0 x.n x3 [1, 2, 3] many", last]);
}

#[test]
fn findings_and_evidence_are_bounded() {
    let trace: Vec<String> = (0..200).map(|at| format!("\"{at} file.request\"")).collect();
    let text = model(&format!(
        "accept = [\"a\"]\nrows = [\"a file.request -> = {{ n += 1; raise x.n }}\"]\n[keep]\nn = 0\n\
         [finding.\"x.n\"]\nseverity = \"info\"\nwhat = \"{{n}} {{c}}\"\nwhy = \"w\"\nfix = \"f\"\nwith = {{ c = \"count(file.request, 1h)\" }}\n\
         [[example]]\ntrace = [{}]\n",
        trace.join(",")
    ));
    let models = loaded(&text);
    let outcome = play(&models, 0, &models.list[0].examples[0], usize::MAX, &[]);
    assert_eq!(outcome.findings.len(), 16);
    let last = outcome.findings.last().unwrap();
    assert_eq!((last.times, last.frames.len(), last.frames[0], last.frames[63]), (185, 64, 1, 200));
    assert_eq!(&*outcome.findings[15].what, "16 16");
}

#[test]
fn a_site_overrides_timers_and_answers() {
    let text = model(
        "accept = [\"b\"]\nrows = [\"a file.request -> b\"]\n[timers]\nlong = \"60s\"\n[state.b]\nwithin = \"long\"\n\
         late = [{ when = \"\\\"10.9.9.9\\\" in site.srst\", raise = \"x.n\" }]\n\
         [finding.\"x.n\"]\nseverity = \"info\"\nwhat = \"{long}\"\nwhy = \"w\"\nfix = \"f\"\n\
         [[example]]\ntrace = [\"0 file.request\", \"99 frame\"]\n",
    );
    let mut site = Site::default();
    site.timers.insert("x.long".into(), 7.0);
    site.values.insert("srst".into(), vec![Value::Ip([10, 9, 9, 9].into())]);
    let models = load::load(&[load::Source { file: "x".into(), text: text.into() }], &schema(), &site).models;
    let models = Arc::new(models);
    let outcome = play(&models, 0, &models.list[0].examples[0], usize::MAX, &[]);
    assert_eq!((outcome.findings[0].time, &*outcome.findings[0].what), (Ts::ZERO + Span::from_secs(7), "7"));
}

#[test]
fn all_errors_are_told_at_once_each_with_its_place() {
    let text = "\
id = \"x\"
title = \"X\"
sources = [\"s\"]
subject = \"fone\"
start = \"a\"
accept = [\"bb\"]
titel = \"\"
rows = [
  \"a dhcp.ofer -> b\",
  \"a dhcp.offer when dhcp.ip.yuor == 1 -> b\",
  'b dhcp.ack when phone.tftp == \"é\" and count(dhcp.akc) > 1 -> b { naks = 1; raise x.non }',
  \"b dhcp.ack b\",
]
[keep]
nak = 0
[state.c]
within = \"60 parsecs\"
[state.b]
within = \"60s\"
late = [{ when = \"dhcp.ip.your == 10.0.0.1\", raise = \"x.none\" }]
[finding.\"x.none\"]
severity = \"bad\"
what = \"{adress}\"
why = \"w\"
fix = \"f\"
[[example]]
trace = [\"0 dhcp.offer dhcp.ip.your=x\"]
finds = [\"0 x.nine\"]
";
    let told = load::load(
        &[load::Source { file: "x.toml".into(), text: text.to_owned().into() }],
        &schema(),
        &Site::default(),
    )
    .told;
    let expected = "\
x.toml:4:11: this is no subject (subjects are phone, call, session, login, request, broadcast, stream, capture, message)
x.toml:6:12: there is no state `bb` (did you mean `b`?)
x.toml:7:1: there is no key `titel` here (did you mean `title`?)
x.toml:9:6: there is no event `dhcp.ofer` (did you mean `dhcp.offer`?)
x.toml:10:22: there is no `dhcp.ip.yuor` (did you mean `dhcp.ip.your`?)
x.toml:11:20: there is no `phone.tftp` (did you mean `phone.ip`?)
x.toml:11:69: there is no variable `naks` (did you mean `nak`?)
x.toml:11:85: there is no finding `x.non` in this model (did you mean `x.none`?)
x.toml:12:16: `->` and a state are missing (a row is `FROM EVENT [when GUARD] -> TO [{ actions }]`)
x.toml:16:8: no row knows the state `c`
x.toml:20:19: no message is at hand when a deadline fires (keep what is needed in a variable when its message comes)
x.toml:22:12: this is no severity (severities are fail, warn, info)
x.toml:23:10: `{adress}` is not known (give it an expression in `with`, or keep a variable of that name)
x.toml:27:24: `dhcp.ip.your` holds address, not `x`
x.toml:28:10: there is no finding `x.nine` in this model (did you mean `x.none`?)";
    assert_eq!(lines(&told), expected);
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let told =
        load::load(&[load::Source { file: "x".into(), text: "id = \nrows = [\n".into() }], &schema(), &Site::default())
            .told;
    assert!(told.len() >= 2 && told[0].line == 1 && told.iter().any(|error| error.line > 1), "{}", lines(&told));
}

#[test]
fn what_cannot_be_meant_is_told() {
    let text = model(
        "rows = [\n \"a file.request -> b\",\n \"a file.request -> d\",\n \"c file.found -> a\",\n]\n[keep]\nn = 0\n[timers]\nt = \"1s\"\n\
         [finding.\"x.never\"]\nwhat = \"w\"\nseverity = \"info\"\nwhy = \"w\"\nfix = \"f\"\nwith = { n = \"1\" }\n",
    );
    let loaded = load::load(&[load::Source { file: "x".into(), text: text.into() }], &schema(), &Site::default());
    let expected = "\
x:1:6: warning: no state is in `accept`: this model never passes
x:7:2: warning: nothing leads out of the state `b`, and it accepts nothing (give it a row or a deadline, or name it in `accept`)
x:8:2: warning: nothing leads out of the state `d`, and it accepts nothing (give it a row or a deadline, or name it in `accept`)
x:8:2: warning: an earlier row takes every such event: this one is never reached
x:9:2: nothing leads to the state `c` (name it in a row or in `join`, or remove it)
x:12:1: warning: nothing reads `n`
x:14:1: warning: nothing uses the timer `t`
x:15:10: warning: nothing raises x.never
x:20:10: warning: no text holds `{n}`";
    assert_eq!(lines(&loaded.told), expected);
    let told = check::examples(&Arc::new(loaded.models));
    assert_eq!(told.iter().map(|t| &*t.what).collect::<Vec<_>>(), ["no example passes", "no example finds x.never"]);
}

#[test]
fn a_users_model_replaces_the_one_of_the_same_id() {
    let one = |file: &str, title: &str| load::Source {
        file: file.into(),
        text: model("rows = [\"a file.request -> a\"]").replace("\"X\"", &format!("\"{title}\"")).into(),
    };
    let loaded = load::load(&[one("a", "A"), one("b", "B")], &schema(), &Site::default());
    assert_eq!(loaded.models.list.iter().map(|model| model.title.as_str()).collect::<Vec<_>>(), ["B"]);
}

/// A phone room in which nothing is known.
struct Nobody;

impl Who for Nobody {
    fn identity(&self, _: PhoneId, _: Identity, _: &mut dyn FnMut(&Value<'_>)) {}
    fn visible(&self, _: PhoneId, _: &str) -> bool {
        true
    }
}

fn run(models: &Arc<Models>, steps: impl Fn(&mut Engine, &mut dyn FnMut(Finding))) -> (Vec<Finding>, Vec<Flow>) {
    let mut engine = Engine::new(Arc::clone(models), Limits::default());
    let mut findings = Findings::default();
    let mut out = |finding: Finding| {
        findings.take(finding);
    };
    steps(&mut engine, &mut out);
    let flows = engine.finish(Ts::ZERO + Span::from_secs(1000), &Nobody, &mut out);
    (findings.into_sorted(), flows)
}

fn send(engine: &mut Engine, phone: u32, at: i64, event: &str, out: &mut dyn FnMut(Finding)) {
    let origin = Origin::at(at as u64 + 1, Ts::ZERO + Span::from_secs(at));
    let def = schema().event(event).unwrap();
    let event = Event { def, origin: &origin, fields: &[], frames: &[origin.frame], bytes: &[], defect: None };
    engine.event(&event, &[Concerned { phone: PhoneId(phone), sends: true }], &Nobody, out);
}

#[test]
fn two_phones_found_to_be_one_have_one_run_and_their_facts() {
    let (findings, flows) = run(&EVERYTHING, |engine, out| {
        send(engine, 0, 0, "dhcp.discover", out);
        send(engine, 1, 1, "dhcp.discover", out);
        send(engine, 1, 5, "dhcp.discover", out);
        engine.set_fact(PhoneId(1), "option66", vec![Value::Text("t".into())]);
        engine.merge(PhoneId(1), PhoneId(0));
        send(engine, 0, 9, "dhcp.discover", out);
        assert_eq!(engine.fact(PhoneId(0), "option66"), Some(&[Value::Text("t".into())][..]));
        assert_eq!(engine.fact(PhoneId(1), "option66"), None);
    });
    let told: Vec<_> =
        findings.iter().map(|finding| (&*finding.id, finding.phone, finding.time.since(Ts::ZERO))).collect();
    assert_eq!(told, [("dhcp.no-answer", Some(PhoneId(0)), Span::from_secs(31))]);
    let dhcp: Vec<_> =
        flows.iter().filter(|flow| &*flow.model == "dhcp").map(|flow| (flow.verdict, flow.phones[0])).collect();
    assert_eq!(dhcp, [(Verdict::Inconclusive, PhoneId(0)), (Verdict::Fail, PhoneId(0))]);
}

#[test]
fn events_that_waited_for_their_phone_are_judged_at_their_own_times() {
    let waited = |late: bool| {
        run(&EVERYTHING, |engine, out| {
            if !late {
                [0, 4, 12].iter().for_each(|at| send(engine, 1, *at, "dhcp.discover", out));
            }
            send(engine, 0, 500, "dhcp.discover", out);
            if late {
                [0, 4, 12].iter().for_each(|at| send(engine, 1, *at, "dhcp.discover", out));
            }
        })
        .0
        .into_iter()
        .map(|finding| (finding.id, finding.time, finding.frames))
        .collect::<Vec<_>>()
    };
    assert_eq!(waited(false).len(), 1);
    assert_eq!(waited(false), waited(true));
}

#[test]
fn deadlines_that_moved_do_not_pile_up() {
    let text = model(
        "accept = [\"a\"]\nrows = [\"a file.request -> = { restart }\"]\n[state.a]\nwithin = \"60s\"\nlate = [{ to = \"a\" }]\n",
    );
    let models = loaded(&text);
    let mut engine = Engine::new(models, Limits::default());
    let mut out = |_: Finding| {};
    (0..10_000).for_each(|at| send(&mut engine, 0, at / 1000, "file.request", &mut out));
    assert!(engine.pending() < 100, "{}", engine.pending());
    assert_eq!(engine.poll_timeout(), Some(Ts::ZERO + Span::from_secs(69)));
}

#[test]
fn too_many_runs_end_the_one_that_moved_longest_ago() {
    let models = Arc::clone(&EVERYTHING);
    let mut engine = Engine::new(models, Limits { runs: 2, ..Limits::default() });
    let mut out = |_: Finding| {};
    for phone in 0..4 {
        send(&mut engine, phone, i64::from(phone), "rtp.start", &mut out);
        send(&mut engine, phone, i64::from(phone), "dhcp.discover", &mut out);
    }
    assert_eq!(engine.limit(), Some("max-runs"));
    assert_eq!(engine.finish(Ts::ZERO, &Nobody, &mut out).iter().filter(|flow| &*flow.model == "dhcp").count(), 4);
}

#[test]
fn only_events_that_a_model_names_are_wanted() {
    let engine = Engine::new(Arc::clone(&EVERYTHING), Limits::default());
    assert!(engine.wants(schema().event("dhcp.offer").unwrap()));
    assert!(!engine.wants(schema().event("capture.limit").unwrap()));
}

#[test]
fn drawings_name_every_state_and_finding() {
    for model in &EVERYTHING.list {
        for drawing in [graph::mermaid(model), graph::graphviz(model, None)] {
            assert!(model.states.iter().all(|state| drawing.contains(&*state.name)), "{drawing}");
            assert!(model.findings.iter().all(|finding| drawing.contains(&*finding.id)), "{drawing}");
        }
    }
}

/// The catalogue of findings, where it is at hand: ids, severities and placeholders-free beginnings agree with it.
#[test]
fn the_findings_are_those_of_the_catalogue() {
    let shared = std::env::var("OFFHOOK_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let Ok(catalogue) = std::fs::read_to_string(format!("{shared}/protocols/findings.tsv")) else { return };
    for model in EVERYTHING.list.iter().filter(|model| model.file.starts_with("models/")) {
        let known: Vec<Vec<&str>> = catalogue.lines().map(|line| line.split('\t').collect()).collect();
        let known: Vec<&Vec<&str>> = known.iter().filter(|columns| columns.get(1) == Some(&&*model.id)).collect();
        let own: Vec<(&str, &str)> = model.findings.iter().map(|f| (&*f.id, f.severity.name())).collect();
        let wanted: Vec<(&str, &str)> = known.iter().map(|columns| (columns[0], columns[3])).collect();
        assert!(wanted.iter().all(|one| own.contains(one)) && own.len() == wanted.len(), "{own:?}\n{wanted:?}");
    }
}

#[test]
fn a_clock_that_leaps_over_years_costs_a_bounded_number_of_deadlines() {
    let mut engine = Engine::new(Arc::clone(&EVERYTHING), Limits::default());
    let mut out = |_: Finding| {};
    send(&mut engine, 0, 0, "dhcp.discover", &mut out);
    // A single DISCOVER waits again and again; 280 years hold 300 million of its waits.
    engine.tick(Ts::from_nanos(i64::MAX), &Nobody, &mut out);
    assert_eq!(engine.poll_timeout(), None);
}

/// A capture that lost frames of everybody, as is known from the beginning or only in the end.
struct Lossy(bool);

impl Who for Lossy {
    fn identity(&self, _: PhoneId, _: Identity, _: &mut dyn FnMut(&Value<'_>)) {}
    fn visible(&self, _: PhoneId, _: &str) -> bool {
        true
    }
    fn lost(&self, _: PhoneId, _: Ts, _: Ts, _: bool) -> Option<Loss> {
        self.0.then_some(Loss { frame: 7, what: "a test" })
    }
}

#[test]
fn silence_in_a_capture_that_lost_frames_is_no_finding_whenever_that_shows() {
    let judged = |known: bool, last: bool| {
        let mut engine = Engine::new(Arc::clone(&EVERYTHING), Limits::default());
        let mut findings = Findings::default();
        let mut out = |finding: Finding| {
            findings.take(finding);
        };
        [0, 4, 12].iter().for_each(|at| send(&mut engine, 0, *at, "dhcp.discover", &mut out));
        engine.tick(Ts::ZERO + Span::from_secs(100), &Lossy(known), &mut out);
        let flows = engine.finish(Ts::ZERO + Span::from_secs(100), &Lossy(last), &mut out);
        findings.withdraw(&engine.withdrawn());
        let dhcp = flows.iter().find(|flow| &*flow.model == "dhcp").unwrap();
        (findings.into_sorted().len(), dhcp.verdict, dhcp.reason.contains("frame 7: a test"), dhcp.findings.len())
    };
    assert_eq!(judged(false, false), (1, Verdict::Fail, false, 1));
    assert_eq!(judged(false, true), (0, Verdict::Inconclusive, true, 0));
    assert_eq!(judged(true, true), (0, Verdict::Inconclusive, true, 0));
}
