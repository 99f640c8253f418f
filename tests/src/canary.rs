//! Looks for a secret where it must not be: in files and in the memory of processes, in every form it may have taken.

use crate::StageError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How much is read at a time, in bytes.
const CHUNK: usize = 4 << 20;

/// The form in which a secret was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Raw,
    /// Base64 of either alphabet, at any of the three alignments.
    Base64,
    /// Two bytes a character, in either order.
    Utf16,
    /// Hexadecimal digits of either case.
    Hex,
}

/// A place where the secret was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The file, or the process and its memory region.
    pub place: String,
    /// How many bytes into it.
    pub offset: u64,
    /// In which form.
    pub form: Form,
}

/// What a search went through, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// How many files or memory regions were read.
    pub places: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// Where the secret was.
    pub sightings: Vec<Sighting>,
}

impl Search {
    /// Both searches as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.places += other.places;
        self.bytes += other.bytes;
        self.sightings.extend(other.sightings);
        self
    }
}

/// A secret in all the forms to look for.
pub struct Canary {
    patterns: Vec<(Form, Finder<'static>)>,
    longest: usize,
}

impl Canary {
    /// Prepares to look for any copy that holds the middle half of `secret`, so a copy cut at either end is found too.
    pub fn new(secret: &str) -> Self {
        let bytes = secret.as_bytes();
        let middle = bytes
            .get(bytes.len() / 4..bytes.len() - bytes.len() / 4)
            .unwrap_or(bytes);
        let mut forms = vec![(Form::Raw, middle.to_vec())];
        for alignment in 0..3 {
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                forms.push((Form::Base64, inner_base64(&engine, middle, alignment)));
            }
        }
        forms.push((Form::Utf16, middle.iter().flat_map(|byte| [*byte, 0]).collect()));
        forms.push((Form::Utf16, middle.iter().flat_map(|byte| [0, *byte]).collect()));
        let lower: String = middle.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push((Form::Hex, lower.to_uppercase().into_bytes()));
        forms.push((Form::Hex, lower.into_bytes()));
        let longest = forms.iter().map(|(_, pattern)| pattern.len()).max().unwrap_or(0);
        let patterns = forms
            .into_iter()
            .map(|(form, pattern)| (form, Finder::new(&pattern).into_owned()))
            .collect();
        Self { patterns, longest }
    }

    /// Looks through every file under `folder`, except those that `skip` names.
    pub fn in_files(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) -> Result<Search, StageError> {
        let mut search = Search::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let listing =
                std::fs::read_dir(&folder).map_err(StageError::file("listing a folder", &folder))?;
            for entry in listing.flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else { continue };
                if skip(&path) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    search = search.and(self.in_file(&path)?);
                }
            }
        }
        Ok(search)
    }

    fn in_file(&self, path: &PathBuf) -> Result<Search, StageError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Search::default()),
            Err(error) => return Err(StageError::file("opening a file to search", path)(error)),
        };
        let length = file
            .metadata()
            .map_err(StageError::file("sizing a file to search", path))?
            .len();
        let mut search = Search {
            places: 1,
            ..Search::default()
        };
        self.through(&file, 0, length, &path.display().to_string(), &mut search);
        Ok(search)
    }

    /// Looks through all readable memory of a process.
    pub fn in_memory(&self, pid: u32) -> Result<Search, StageError> {
        let maps = PathBuf::from(format!("/proc/{pid}/maps"));
        let regions =
            std::fs::read_to_string(&maps).map_err(StageError::file("reading a memory map", &maps))?;
        let path = PathBuf::from(format!("/proc/{pid}/mem"));
        let memory = File::open(&path).map_err(StageError::file("opening the memory of a process", &path))?;
        let path = PathBuf::from(format!("/proc/{pid}/pagemap"));
        let pages =
            File::open(&path).map_err(StageError::file("opening the page map of a process", &path))?;
        let mut search = Search::default();
        for region in regions.lines() {
            let mut words = region.split_whitespace();
            let (Some(range), Some(rights)) = (words.next(), words.next()) else {
                continue;
            };
            let name = words.nth(3).unwrap_or("anonymous");
            if !rights.starts_with('r') || name == "[vvar]" || name == "[vsyscall]" || name == "[vvar_vclock]"
            {
                continue;
            }
            let bounds = range.split_once('-').and_then(|(from, to)| {
                Some((
                    u64::from_str_radix(from, 16).ok()?,
                    u64::from_str_radix(to, 16).ok()?,
                ))
            });
            let Some((from, to)) = bounds else { continue };
            search.places += 1;
            let place = format!("process {pid}, {name}");
            for (from, to) in filled(&pages, from, to) {
                self.through(&memory, from, to, &place, &mut search);
            }
        }
        Ok(search)
    }

    fn through(&self, file: &File, from: u64, to: u64, place: &str, search: &mut Search) {
        let mut buffer = vec![0; CHUNK];
        let mut at = from;
        while at < to {
            let wanted = usize::try_from(to - at).unwrap_or(CHUNK).min(CHUNK);
            let Some(target) = buffer.get_mut(..wanted) else {
                return;
            };
            let read = match file.read_at(target, at) {
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            let seen = target.get(..read).unwrap_or_default();
            for (form, pattern) in &self.patterns {
                let found = pattern.find_iter(seen);
                search.sightings.extend(found.map(|offset| Sighting {
                    place: place.to_owned(),
                    offset: at - from + offset as u64,
                    form: *form,
                }));
            }
            search.bytes += read as u64;
            let step = if read > self.longest && at + (read as u64) < to {
                read - self.longest
            } else {
                read
            };
            at += step as u64;
        }
    }
}

/// The stretches of a memory region that hold anything. A web process reserves many gigabytes and fills few of them.
fn filled(pages: &File, from: u64, to: u64) -> Vec<(u64, u64)> {
    const PAGE: u64 = 4096;
    const ENTRY: u64 = 8;
    const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    let mut entries = vec![0; CHUNK];
    let mut at = from;
    while at < to {
        let wanted = usize::try_from((to - at) / PAGE * ENTRY)
            .unwrap_or(CHUNK)
            .min(CHUNK);
        let Some(target) = entries.get_mut(..wanted) else {
            break;
        };
        let read = match pages.read_at(target, at / PAGE * ENTRY) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let (whole, _) = target.get(..read).unwrap_or_default().as_chunks::<8>();
        for entry in whole {
            if u64::from_ne_bytes(*entry) & PRESENT_OR_SWAPPED != 0 {
                match stretches.last_mut() {
                    Some((_, end)) if *end == at => *end += PAGE,
                    Some(_) | None => stretches.push((at, at + PAGE)),
                }
            }
            at += PAGE;
        }
        if whole.is_empty() {
            break;
        }
    }
    stretches
}

/// The part of a base64 text that depends on `middle` alone, when `alignment` other bytes stand before it.
fn inner_base64(engine: &base64::engine::GeneralPurpose, middle: &[u8], alignment: usize) -> Vec<u8> {
    let mut padded = vec![0; alignment];
    padded.extend_from_slice(middle);
    let encoded = engine.encode(&padded).into_bytes();
    let before = (alignment * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    encoded.get(before..whole).unwrap_or_default().to_vec()
}
