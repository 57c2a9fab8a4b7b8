//! What the command line names as input: files, directories of captures, `-`.

use std::fs;
use std::path::{Path, PathBuf};

use super::SourceError;
use super::file::looks_like_a_capture;

/// The extensions by which a file is taken for a capture whatever it holds, so that a broken one is told.
const EXTENSIONS: &[&str] = &["pcap", "pcapng", "cap"];

/// The files that the arguments mean, in order: a directory stands for the captures in it (not in directories
/// below), sorted by name; `-` is standard input.
///
/// A file is not opened here. It is an error if a directory cannot be read or holds no captures.
pub fn expand<P: AsRef<Path>>(arguments: &[P]) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    for argument in arguments.iter().map(AsRef::as_ref) {
        if argument != Path::new("-") && argument.is_dir() {
            files.extend(captures_in(argument)?);
        } else {
            files.push(argument.to_owned());
        }
    }
    Ok(files)
}

fn captures_in(directory: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let name = || directory.display().to_string();
    let io = |error| SourceError::Io { path: name(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if is_capture(&path) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let what = "holds no captures; pcap and pcapng files (also .gz or .zst) are taken from a directory".to_owned();
        return Err(SourceError::Format { path: name(), what });
    }
    files.sort();
    Ok(files)
}

fn is_capture(path: &Path) -> bool {
    // A pipe would wait for its writer.
    if !path.is_file() {
        return false;
    }
    let is = |path: &Path, known: &[&str]| {
        path.extension().is_some_and(|ext| known.iter().any(|known| ext.eq_ignore_ascii_case(known)))
    };
    let unpacked = if is(path, &["gz", "zst"]) { path.with_extension("") } else { path.to_owned() };
    is(&unpacked, EXTENSIONS) || fs::File::open(path).is_ok_and(looks_like_a_capture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_for_its_captures() {
        let dir = tempfile::tempdir().unwrap();
        let magic = [0xd4, 0xc3, 0xb2, 0xa1];
        let packed = zstd::encode_all(&magic[..], 1).unwrap();
        for (name, bytes) in [
            ("ring.pcap1", &magic[..]),
            ("b.PCAP", b"broken"),
            ("a.cap.gz", b"broken"),
            ("c.zst", &packed),
            ("notes.txt", b"a text"),
            ("text.gz", b"a text"),
        ] {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        fs::create_dir(dir.path().join("below.pcap")).unwrap();
        let files = expand(&[dir.path(), Path::new("-"), Path::new("missing.pcap")]).unwrap();
        let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.cap.gz", "b.PCAP", "c.zst", "ring.pcap1", "-", "missing.pcap"]);
    }

    #[test]
    fn a_directory_without_captures_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "a text").unwrap();
        let error = expand(&[dir.path()]).unwrap_err().to_string();
        assert!(
            error.ends_with("holds no captures; pcap and pcapng files (also .gz or .zst) are taken from a directory"),
            "{error}"
        );
    }
}
