//! The files that messages name: where they lie, whether they may be read, and their bytes.
//!
//! A path of the prompt's counts from the folder of the prompt's file, one of the input's from that of the data set or the
//! working directory. What others wrote does not lead out of its folder unless the user has agreed to it.

use std::{
    fs,
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use url::Url;

use crate::{
    config::{
        atomic_file, names, project,
        trust::{AgreedFolder, Located},
    },
    model::{
        Attachment, MediaType, Part, PartRoot,
        attachment::{AttachmentData, MOST_BYTES, PartFolders, PartOrigin, folder_of},
        error::StoreError,
        settings::{Places, byte_size},
    },
    pipeline::ports::{PartFile, PartReader, PortFuture, ReadPart},
    store::{api::PartQuestion, attachments, prompts},
    text::clean_line,
};

/// Reads the files of parts.
#[derive(Debug, Clone)]
pub struct PartFiles {
    places: Places,
}

impl PartFiles {
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self { places: places.clone() }
    }
}

impl PartReader for PartFiles {
    fn read(&self, file: PartFile) -> PortFuture<'_, Result<ReadPart, String>> {
        let places = self.places.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || read(&places, &file)).await;
            done.unwrap_or_else(|_| Err("reading a file stopped; please report this".to_owned()))
        })
    }
}

fn read(places: &Places, file: &PartFile) -> Result<ReadPart, String> {
    let path = located(places, file).map_err(|why| clean(&why))?;
    let shown = path.to_string_lossy().into_owned();
    let (bytes, notice) = match bytes_of(&path, file.most) {
        Ok(Some(bytes)) => (bytes, None),
        Ok(None) => {
            let kept = attachments::last_of(&places.data, &shown);
            let kept = kept.ok_or_else(|| clean(&format!("there is no file {shown}")))?;
            (kept, Some(clean(&format!("{shown} is gone; what the last run with it sent was sent again"))))
        }
        Err(why) => return Err(clean(&why)),
    };
    let name = file.part.name.clone().unwrap_or_else(|| shown.clone());
    let mut attachment = Attachment::of_bytes(&file.part, name, bytes.into()).map_err(|why| clean(&why))?;
    if let AttachmentData::Bytes(facts) = &mut attachment.data {
        facts.path = Some(shown);
    }
    Ok(ReadPart { attachment, notice })
}

/// Looks at a part as it would be sent; returns it as it is written, too. Of one that still has variables in it nothing is
/// known. Fails, in words, where it would not be sent.
pub(crate) fn look_at(places: &Places, asked: &PartQuestion) -> Result<(Part, Option<Attachment>), StoreError> {
    let PartQuestion { part, whose, prompt, typed } = asked;
    let mut part = part.clone();
    if *typed {
        part = Part { source: unquoted(&part.source).to_owned(), ..part };
        if part.source.contains("{{") || part.source.contains("{%") {
            return Ok((part, None));
        }
    }
    let wrong = |why: String| StoreError::wrong(clean(&why));
    let filled = part.filled(&part.source, *whose).map_err(wrong)?;
    let file = |part: &Part, path: String| PartFile {
        part: Part { name: Some(filled.name.clone()), ..part.clone() },
        path,
        whose: *whose,
        prompt_name: prompt.clone(),
        folders: PartFolders::default(),
        most: MOST_BYTES,
    };
    let path = match &filled.data {
        AttachmentData::Unread { path, .. } => path.clone(),
        // They stand in the prompt, and nowhere else.
        AttachmentData::Bytes(_) => return Ok((part, Some(filled))),
        AttachmentData::Url { url } => {
            if *typed {
                let kind = Url::parse(url).ok().and_then(|url| MediaType::of_ending(url.path())).map(MediaType::kind);
                part.kind = kind.unwrap_or(part.kind);
                let filled = part.filled(&part.source, *whose).map_err(wrong)?;
                return match filled.refused_address(true) {
                    Some(why) => Err(wrong(why)),
                    None => Ok((part, Some(filled))),
                };
            }
            return Ok((part, Some(filled)));
        }
    };
    let mut named = path.clone();
    if *typed {
        let real = resolved(Path::new(&path));
        let bytes = bytes_of(&real, MOST_BYTES).map_err(wrong)?;
        let bytes = bytes.ok_or_else(|| wrong(format!("there is no file {}", real.display())))?;
        part.kind = MediaType::of_bytes(&bytes).map_or(part.kind, MediaType::kind);
        named = match prompt_folder(places, asked)? {
            Some(folder) => real.strip_prefix(&folder).unwrap_or(&real).to_string_lossy().into_owned(),
            None => path,
        };
        part.source.clone_from(&named);
    }
    let read = read(places, &file(&part, named)).map_err(StoreError::wrong)?;
    Ok((part, Some(read.attachment.without_bytes())))
}

/// Finds the folder that a prompt's paths count from; none of an input's, and of a prompt without a file.
fn prompt_folder(places: &Places, asked: &PartQuestion) -> Result<Option<PathBuf>, StoreError> {
    let name = asked.prompt.as_deref().filter(|_| asked.whose == PartOrigin::Prompt);
    let name = name.filter(|name| names::check("prompt", name).is_ok());
    let file = name.map(|name| prompts::file(places, name)).transpose()?.flatten();
    Ok(file.map(|file| resolved(&folder_of(&file))))
}

/// Takes the quotes off that a file manager puts round a path.
fn unquoted(source: &str) -> &str {
    let source = source.trim();
    let inside = |quote: char| source.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(source)
}

fn clean(why: &str) -> String {
    clean_line(why).to_string()
}

/// Finds a file's place, links resolved; the reason if it may not be read. Nothing is opened.
fn located(places: &Places, file: &PartFile) -> Result<PathBuf, String> {
    let root = match file.whose {
        PartOrigin::Prompt => file.folders.prompt.as_ref(),
        PartOrigin::Input => file.folders.input.as_ref(),
    };
    if let Some(root) = root {
        return within(root, &file.path);
    }
    let by_name = file.prompt_name.as_deref().filter(|_| file.whose == PartOrigin::Prompt);
    let by_name = by_name.filter(|name| names::check("prompt", name).is_ok());
    let found = by_name.map(|name| prompts::file(places, name).map_err(|error| error.message)).transpose()?.flatten();
    let Some(prompt) = found else {
        return Ok(resolved(Path::new(&file.path)));
    };
    let path = folder_of(&prompt).join(&file.path);
    let of_project = project::prompts(places)
        .ok()
        .flatten()
        .is_some_and(|folder| file.prompt_name.as_deref().is_some_and(|name| names::file(folder, name) == prompt));
    if of_project {
        project::check_file(places, &path).map_err(|error| error.message)?;
    }
    Ok(resolved(&path))
}

/// Finds a path in a folder, and refuses one that leads out of it where that is fenced.
fn within(root: &PartRoot, path: &str) -> Result<PathBuf, String> {
    let folder = AgreedFolder::of(&root.path);
    match folder.locate(&folder.path().join(path)) {
        Located::Inside(real) => Ok(real),
        Located::Outside(real) if !root.fenced || root.agreed.iter().any(|agreed| real.starts_with(agreed)) => Ok(real),
        Located::Outside(real) => Err(format!(
            "{path} leads out of {} to {}, and was not read; put it in there, or agree to it with --trust",
            folder.path().display(),
            real.display()
        )),
    }
}

fn resolved(path: &Path) -> PathBuf {
    match AgreedFolder::default().locate(path) {
        Located::Inside(real) | Located::Outside(real) => real,
    }
}

/// Reads a regular file of so many bytes at most; none if there is none.
fn bytes_of(path: &Path, most: u64) -> Result<Option<Vec<u8>>, String> {
    let shown = path.display();
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(atomic_file::error_of("read", path, &error).message),
    };
    if !about.is_file() {
        return Err(format!("cannot read {shown}: it is {}", atomic_file::kind_of(&about)));
    }
    let too_large = || format!("{shown} is larger than {}, as much as is sent of one file", byte_size(most));
    if about.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| atomic_file::error_of("read", path, &error).message)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(Some(bytes)) }
}
