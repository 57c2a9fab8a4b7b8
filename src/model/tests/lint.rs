//! What the lint refuses and warns of, and how a walk is drawn.

use super::*;

#[test]
fn deadlines_that_do_nothing_or_never_end_are_told() {
    let text = model(
        "accept = [\"e\"]\nrows = [\n \"a file.request -> b\",\n \"b file.found -> c\",\n \"c file.found -> a\",\n \"e file.found -> e\",\n]\njoin = []\n\
         [state.a]\nwithin = \"1s\"\n[state.b]\nwithin = \"1s\"\nlate = [{ to = \"b\" }]\n\
         [state.c]\nwithin = \"1s\"\nlate = [{ to = \"a\" }, { to = \"b\" }]\n",
    );
    let loaded = load::load(&[load::Source { file: "x".into(), text: text.into() }], &schema(), &Site::default());
    let told = lines(&loaded.told);
    for wanted in [
        "warning: no way leads to a state in `accept`: this model never passes",
        "nothing leads to the state `e`",
        "warning: nothing happens when the time of `a` is over",
        "warning: `b` waits without end",
        "warning: an entry of `late` of `c` is never looked at",
    ] {
        assert!(told.contains(wanted), "{wanted} is not told:\n{told}");
    }
    assert_eq!(loaded.told.len(), 5, "{told}");
}

/// Every message a model's author can get for a fault that makes it useless: it is refused.
#[test]
fn what_cannot_work_is_refused() {
    let good = "rows = [\n \"a file.request -> b\",\n]\naccept = [\"b\"]\n";
    let refused = |text: &str| {
        let source = load::Source { file: "x".into(), text: model(text).into() };
        load::load(&[source], &schema(), &Site::default()).models().is_err()
    };
    assert!(!refused(good));
    for (what, from, to) in [
        ("an unknown event", "file.request", "file.requested"),
        ("an unknown field", "file.request ->", "file.request when file.nam == \\\"x\\\" ->"),
        (
            "a field compared with what it never holds",
            "file.request ->",
            "file.request when file.bytes == \\\"x\\\" ->",
        ),
        ("an unknown state in accept", "[\"b\"]", "[\"c\"]"),
        ("an unknown finding", "-> b", "-> b { raise x.nothing }"),
        ("an unknown fact", "-> b", "-> b { phone.nothing = 1 }"),
        ("an unknown variable", "-> b", "-> b { n = 1 }"),
        ("a state that nobody reaches", "\"a file.request -> b\",", "\"a file.request -> b\",\"c file.found -> b\","),
        ("a protocol that nobody can see", "file.request ->", "file.request when visible(fil) ->"),
        ("a row without an arrow", "a file.request -> b", "a file.request b"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{what}");
        assert!(refused(&text), "{what} is taken");
    }
    for (what, more) in [
        ("a deadline without a length", "[state.b]\nlate = [{ to = \"a\" }]\n"),
        ("a length that is none", "[state.b]\nwithin = \"5 parsecs\"\nlate = [{ to = \"a\" }]\n"),
        ("a message at a deadline", "[state.b]\nwithin = \"5s\"\nlate = [{ when = \"file.bytes > 1\", to = \"a\" }]\n"),
        ("a severity that is none", "[finding.\"x.y\"]\nseverity = \"bad\"\nwhat = \"\"\nwhy = \"\"\nfix = \"\"\n"),
        (
            "a placeholder that is none",
            "[finding.\"x.y\"]\nseverity = \"warn\"\nwhat = \"{z}\"\nwhy = \"\"\nfix = \"\"\n",
        ),
        ("a finding of another model", "[finding.\"y.y\"]\nseverity = \"warn\"\nwhat = \"\"\nwhy = \"\"\nfix = \"\"\n"),
        ("an example of nothing", "[[example]]\ntrace = [\"0 file.nothing\"]\n"),
        ("a key that means nothing", "[stat.b]\nwithin = \"5s\"\n"),
    ] {
        assert!(refused(&format!("{good}{more}")), "{what} is taken");
    }
}

#[test]
fn a_walk_shows_what_was_taken_and_what_is_missing() {
    let text = model(
        "accept = [\"d\"]\nrows = [\n \"a file.request -> b\",\n \"b file.found -> c\",\n \"b file.refused -> a\",\n \"c file.complete -> d\",\n]\n",
    );
    let loaded = load::load(&[load::Source { file: "x".into(), text: text.into() }], &schema(), &Site::default());
    let model = loaded.models.list.first().unwrap();
    let path = [("a", 3), ("b", 5), ("a", 6), ("b", 9)].map(|(state, frame)| (state.to_owned(), frame)).to_vec();
    let walk = graph::Walk { title: "SEP1".into(), path, stuck: Some("b".into()) };
    let place = |name: &str| model.states.iter().position(|state| &*state.name == name).unwrap();
    let (a, b, c) = (place("a"), place("b"), place("c"));
    let mermaid = graph::mermaid_walk(model, &walk);
    assert!(mermaid.contains(&format!("s{a} ==>|\"2 times, frames 5 to 9<br/>file.request\"| s{b}")), "{mermaid}");
    assert!(mermaid.contains(&format!("s{b} ==>|\"frame 6<br/>file.refused\"| s{a}")), "{mermaid}");
    assert!(mermaid.contains(&format!("s{b} -.->|\"missing<br/>file.found\"| s{c}")), "{mermaid}");
    let dot = graph::graphviz(model, Some(&walk));
    assert!(dot.contains(&format!("s{b} -> s{c} [label=\"missing\\nfile.found\", style=dashed")), "{dot}");
    assert_eq!((dot.matches("dashed").count(), mermaid.matches("-.->").count()), (1, 1));
}
