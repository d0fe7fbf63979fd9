//! Pictures, documents and recordings in messages: as prompts and inputs name them, and as they are sent.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::{
    address::Scope,
    id::hex,
    media::{MediaKind, MediaType, byte_count, byte_size, dimensions, pages, seconds},
    wire::Wire,
};

/// The bytes of one file, at most.
pub const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// The bytes of all files of a request together, at most.
pub const MOST_BYTES_IN_ALL: u64 = 50 * 1024 * 1024;

/// Files of a request, at most.
pub const MOST_PARTS: usize = 500;

/// The longest side of a picture, in pixels. No provider takes a longer one, and one that says it has more may be made
/// to fill the memory of whoever opens it.
pub const MOST_PIXELS: u32 = 16_384;

/// How closely a model looks at a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ImageDetail {
    /// As the provider thinks best.
    Auto,
    /// At a small copy of it, which costs little.
    Low,
    /// At all of it.
    High,
}

impl ImageDetail {
    /// Returns its word in prompts and requests.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// A part of a prompt's message, or of an input, beside its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "WrittenPart", into = "WrittenPart")]
pub struct Part {
    pub kind: MediaKind,
    /// A path, an address or a `data:` URI; in a prompt it may hold variables.
    pub source: String,
    /// How closely a picture is looked at; left to the provider where unset.
    pub detail: Option<ImageDetail>,
    /// What it is called, in place of its file's name.
    pub name: Option<String>,
    /// The media type; needed of an address whose ending does not tell it, and held against the bytes of a file.
    pub media_type: Option<MediaType>,
}

/// A part as files have it: its kind is the key of its source.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WrittenPart {
    /// A picture: a path, an address or a `data:` URI; may hold variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// A document, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// A recording, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio: Option<String>,
    /// How closely a picture is looked at; left to the provider where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<ImageDetail>,
    /// What it is called, in place of its file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The media type, where the ending of an address does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
}

impl TryFrom<WrittenPart> for Part {
    type Error = String;

    fn try_from(written: WrittenPart) -> Result<Self, String> {
        let WrittenPart { image, file, audio, detail, name, media_type } = written;
        let mut sources = MediaKind::ALL.into_iter().zip([image, file, audio]);
        let mut sources = sources.by_ref().filter_map(|(kind, source)| Some((kind, source?)));
        let (Some((kind, source)), None) = (sources.next(), sources.next()) else {
            return Err("a part has one of `image`, `file` and `audio`: a path, an address or a data: URI".to_owned());
        };
        if source.trim().is_empty() {
            return Err(format!("`{}` is empty: it is a path, an address or a data: URI", kind.name()));
        }
        if detail.is_some() && kind != MediaKind::Image {
            return Err("`detail` is for images alone".to_owned());
        }
        let known = |name: String| {
            MediaType::named(&name).filter(|media| media.kind() == kind).ok_or_else(|| {
                let own = MediaType::ALL.into_iter().filter(|media| media.kind() == kind).map(MediaType::name);
                format!("`media_type` is one of {}", own.collect::<Vec<_>>().join(", "))
            })
        };
        Ok(Self { kind, source, detail, name, media_type: media_type.map(known).transpose()? })
    }
}

impl From<Part> for WrittenPart {
    fn from(part: Part) -> Self {
        let Part { kind, source, detail, name, media_type } = part;
        let media_type = media_type.map(|media| media.name().to_owned());
        let rest = Self { detail, name, media_type, ..Self::default() };
        match kind {
            MediaKind::Image => Self { image: Some(source), ..rest },
            MediaKind::File => Self { file: Some(source), ..rest },
            MediaKind::Audio => Self { audio: Some(source), ..rest },
        }
    }
}

impl Part {
    /// Makes one of its kind and its source alone.
    pub fn of(kind: MediaKind, source: impl Into<String>) -> Self {
        Self { kind, source: source.into(), detail: None, name: None, media_type: None }
    }

    /// Tells whether the value of one variable is all there is to its source: then it names what the input names.
    #[must_use]
    pub fn is_variable(&self) -> bool {
        self.variable().is_some()
    }

    /// Returns the name of the variable whose value is all there is to its source.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        let inner = self.source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
        let name = inner.trim_matches(|c: char| c == '-' || c.is_whitespace());
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        is_name.then_some(name)
    }

    /// Returns the path that it names by itself, without any variable; none of an address.
    #[must_use]
    pub fn own_path(&self) -> Option<&str> {
        let source = self.source.trim();
        (!source.contains("{{") && !source.contains("{%")).then(|| path_of(source)).flatten()
    }

    /// Makes what is sent of it, once `source` stands in place of its own. A file stays unread. Fails, in words, on an
    /// address or a `data:` URI that is not sent.
    pub fn filled(&self, source: &str, whose: PartOrigin) -> Result<Attachment, String> {
        let source = source.trim();
        // A variable that names a file may stand where its bytes would.
        let source = source.split_once(";base64,file://").map_or(source, |(_, path)| path);
        if source.is_empty() {
            return Err(format!("the {} `{}` names nothing", self.kind.name(), self.source));
        }
        if let Some(data) = uri_data(source) {
            let bytes = decoded(data).map_err(|why| format!("the {}'s data: URI {why}", self.kind.name()))?;
            let name = self.name.clone().unwrap_or_else(|| self.kind.name().to_owned());
            return Attachment::of_bytes(self, name, bytes.into());
        }
        let name = |path: &str| {
            let last = path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(path);
            self.name.clone().unwrap_or_else(|| last.to_owned())
        };
        if let Some(path) = path_of(source) {
            let data = AttachmentData::Unread { path: path.to_owned(), whose };
            return Ok(Attachment { name: name(path), ..self.holding(data) });
        }
        let url = Url::parse(source).map_err(|why| format!("`{source}` is no address: {why}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            let words = "an address is https://, a file is named by its path";
            return Err(format!("`{}:` is not taken: {words}", url.scheme()));
        }
        let media_type = self.media_type.or_else(|| MediaType::of_ending(url.path()));
        let media_type = media_type.filter(|media| media.kind() == self.kind);
        let data = AttachmentData::Url { url: url.to_string() };
        Ok(Attachment { name: name(url.path()), media_type, ..self.holding(data) })
    }

    fn holding(&self, data: AttachmentData) -> Attachment {
        Attachment { kind: self.kind, media_type: self.media_type, name: String::new(), detail: self.detail, data }
    }
}

/// Returns what follows `data:`.
fn uri_data(source: &str) -> Option<&str> {
    let (scheme, rest) = source.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case("data:").then_some(rest)
}

/// Returns the path that a source is; none of an address or a `data:` URI.
fn path_of(source: &str) -> Option<&str> {
    if let Some(path) = source.strip_prefix("file://") {
        return Some(path);
    }
    let scheme = source.split_once("://").map(|(scheme, _)| scheme);
    let is_address =
        scheme.is_some_and(|scheme| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c)));
    (!is_address && uri_data(source).is_none()).then_some(source)
}

/// Decodes what follows `data:`, which is base64 of so many bytes at most.
fn decoded(data: &str) -> Result<Vec<u8>, String> {
    let Some((head, body)) = data.split_once(',') else { return Err("has no data".to_owned()) };
    if !head.to_ascii_lowercase().ends_with(";base64") {
        return Err("is not in base64".to_owned());
    }
    if body.len() as u64 / 4 * 3 > MOST_BYTES {
        return Err(format!("is larger than {}, as much as is sent of one file", byte_size(MOST_BYTES)));
    }
    let whole: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(whole).map_err(|why| format!("is no base64: {why}"))
}

/// Who names a part's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PartOrigin {
    /// Whoever wrote the prompt.
    Prompt,
    /// Whoever gave the input: a variable of it that is the whole source, or a part of its own.
    Input,
}

/// A folder in which the files of parts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartRoot {
    pub path: PathBuf,
    /// Whether files outside of it are refused.
    pub fenced: bool,
    /// Files and folders outside that are read nevertheless, links resolved: the user has agreed to them.
    pub agreed: BTreeSet<PathBuf>,
}

/// Where the files of a run's parts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartFolders {
    /// Those that the prompt names; none where it is found by its name, and its file's folder is meant.
    pub prompt: Option<PartRoot>,
    /// Those that the input names; none for the working directory.
    pub input: Option<PartRoot>,
}

/// What is sent beside the text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attachment {
    pub kind: MediaKind,
    /// What its bytes are; of an address, what it is said to be, if anything says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What it is called.
    pub name: String,
    /// How closely a picture is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<ImageDetail>,
    #[serde(flatten)]
    pub data: AttachmentData,
}

/// What is known of a part before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PartFacts {
    /// It is being looked at, or a variable that it names has no value.
    #[default]
    Unknown,
    /// It would be sent as this.
    Known(Attachment),
    /// It would not be sent; why, in words.
    Refused(String),
}

/// What an attachment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum AttachmentData {
    /// Bytes, which the record keeps once by their hash.
    Bytes(FileFacts),
    /// An address that the provider fetches; nothing is fetched here.
    Url { url: String },
    /// A file that is still to be read.
    Unread { path: String, whose: PartOrigin },
}

/// What is known of bytes, and the bytes where they are at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileFacts {
    /// The SHA-256, in hex.
    pub sha256: String,
    /// How many there are.
    pub size: u64,
    /// The width and height of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<(u32, u32)>,
    /// The seconds of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The pages of a document, as far as they can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
    /// The file they were read from; none of a `data:` URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// None where they were left out, as in the record.
    #[serde(skip)]
    pub bytes: FileBytes,
}

/// The bytes of a file, or none. They are the same where their facts are.
#[derive(Clone, Default)]
pub struct FileBytes(pub Option<Arc<[u8]>>);

impl PartialEq for FileBytes {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for FileBytes {}

impl fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} bytes", self.0.as_ref().map(|bytes| bytes.len()))
    }
}

impl Attachment {
    /// Makes one of bytes that were read for a part. Fails, in words, where they are not what the part says, too large,
    /// or a picture beyond measure.
    pub fn of_bytes(part: &Part, name: String, bytes: Arc<[u8]>) -> Result<Self, String> {
        let kind = part.kind;
        let size = bytes.len() as u64;
        if size > MOST_BYTES {
            return Err(format!("{name} is larger than {}, as much as is sent of one file", byte_size(MOST_BYTES)));
        }
        let media = MediaType::of_bytes(&bytes)
            .map_err(|why| format!("{name} is not sent: {why} ({} are {})", kind.plural(), kind.types()))?;
        if media.kind() != kind {
            let (is, own) = (media.kind().name(), kind.name());
            return Err(format!("{name} is {}: name it as `{is}`, not as `{own}`", media.name()));
        }
        if let Some(said) = part.media_type.filter(|said| *said != media) {
            return Err(format!("{name} is {}, and its `media_type` says {}", media.name(), said.name()));
        }
        let pixels = dimensions(&bytes, media);
        if let Some((width, height)) = pixels.filter(|(width, height)| (*width).max(*height) > MOST_PIXELS) {
            return Err(format!(
                "{name} says that it is {width}×{height}, and no model takes more than {MOST_PIXELS} pixels on a side"
            ));
        }
        if kind == MediaKind::Image && pixels.is_none() {
            return Err(format!("{name} begins like a {} and does not say its size: it is damaged", media.short()));
        }
        let facts = FileFacts {
            sha256: hex(&bytes),
            size,
            pixels,
            seconds: seconds(&bytes, media),
            pages: (media == MediaType::Pdf).then(|| pages(&bytes)),
            path: None,
            bytes: FileBytes(Some(bytes)),
        };
        let data = AttachmentData::Bytes(facts);
        Ok(Self { kind, media_type: Some(media), name, detail: part.detail, data })
    }

    /// Returns the part that names it, without its source.
    #[must_use]
    pub fn part(&self) -> Part {
        let Self { kind, media_type, name, detail, data: _ } = self;
        Part { detail: *detail, name: Some(name.clone()), media_type: *media_type, ..Part::of(*kind, "") }
    }

    /// Returns the address that the provider fetches.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match &self.data {
            AttachmentData::Url { url } => Some(url),
            AttachmentData::Bytes(_) | AttachmentData::Unread { .. } => None,
        }
    }

    /// Returns what is known of its bytes.
    #[must_use]
    pub fn facts(&self) -> Option<&FileFacts> {
        match &self.data {
            AttachmentData::Bytes(facts) => Some(facts),
            AttachmentData::Url { .. } | AttachmentData::Unread { .. } => None,
        }
    }

    /// Returns its size in bytes; nothing of an address and of a file that was not read.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.facts().map_or(0, |facts| facts.size)
    }

    /// Leaves its bytes out, as whatever shows a request does.
    #[must_use]
    pub fn without_bytes(mut self) -> Self {
        if let AttachmentData::Bytes(facts) = &mut self.data {
            facts.bytes = FileBytes::default();
        }
        self
    }

    /// Writes its bytes in base64; where they are not at hand, what stands for them in a request that is shown:
    /// `… photo.png 1.2 MB`.
    #[must_use]
    pub fn base64(&self) -> Cow<'_, str> {
        match self.facts() {
            Some(FileFacts { bytes: FileBytes(Some(bytes)), .. }) => Cow::Owned(STANDARD.encode(bytes)),
            Some(facts) => Cow::Owned(format!("{STAND_IN}{} {}", self.name, byte_count(facts.size))),
            None => Cow::Owned(format!("{STAND_IN}{}", self.name)),
        }
    }

    /// Returns the name of its media type, or of what may be any of its kind.
    #[must_use]
    pub fn media_name(&self) -> &'static str {
        match (self.media_type, self.kind) {
            (Some(media), _) => media.name(),
            (None, MediaKind::Image) => "image/*",
            (None, MediaKind::File) => MediaType::Pdf.name(),
            (None, MediaKind::Audio) => "audio/*",
        }
    }

    /// Writes it as a `data:` URI, or its address.
    #[must_use]
    pub fn uri(&self) -> Cow<'_, str> {
        match &self.data {
            AttachmentData::Url { url } => Cow::Borrowed(url),
            AttachmentData::Bytes(_) | AttachmentData::Unread { .. } => {
                Cow::Owned(format!("data:{};base64,{}", self.media_name(), self.base64()))
            }
        }
    }

    /// Says why its address is not passed on; none where it is. What leads to this machine or a private network is for
    /// a model that runs there alone.
    #[must_use]
    pub fn refused_address(&self, target_is_local: bool) -> Option<String> {
        let url = Url::parse(self.url()?).ok()?;
        let scope = match url.host() {
            Some(url::Host::Ipv4(address)) => Scope::of(address.into()),
            Some(url::Host::Ipv6(address)) => Scope::of(address.into()),
            Some(url::Host::Domain(name)) => Scope::of_name(name),
            None => Scope::Special,
        };
        let shown = url.host_str().unwrap_or_default();
        if scope != Scope::Public && !(scope == Scope::Loopback && target_is_local) {
            return Some(format!("the address of {} leads to {scope} ({shown}), and is not passed on", self.name));
        }
        (url.scheme() != "https" && scope != Scope::Loopback)
            .then(|| format!("the address of {} is not https://, and is not passed on", self.name))
    }

    /// Returns what its answer in the cache depends on: what is sent, and not where it lies.
    #[must_use]
    pub fn identity(&self) -> serde_json::Value {
        let content = match &self.data {
            AttachmentData::Bytes(facts) => &facts.sha256,
            AttachmentData::Url { url } => url,
            AttachmentData::Unread { path, .. } => path,
        };
        // Of documents alone the name is sent.
        let name = (self.kind == MediaKind::File).then_some(&self.name);
        serde_json::json!([self.kind, self.media_type, self.detail, content, name])
    }

    /// Estimates the tokens that a model counts for it, by the formula of the vendor whose wire it is sent by. Where its
    /// size is not known it is taken for a picture of 1024×1024, one page, or a minute.
    #[must_use]
    pub fn tokens(&self, wire: Wire, model: &str) -> u64 {
        let facts = self.facts();
        match self.kind {
            MediaKind::Image => {
                let (width, height) = facts.and_then(|facts| facts.pixels).unwrap_or((1024, 1024));
                picture_tokens((u64::from(width), u64::from(height)), self.detail, wire, model)
            }
            MediaKind::File => {
                let pages = facts.and_then(|facts| facts.pages).unwrap_or(1);
                pages.saturating_mul(if wire == Wire::Gemini { 258 } else { 2000 })
            }
            MediaKind::Audio => {
                let seconds = facts.and_then(|facts| facts.seconds).unwrap_or(60);
                seconds.saturating_mul(if wire == Wire::Gemini { 32 } else { 10 })
            }
        }
    }
}

/// What stands before the name of a file in place of its bytes.
pub const STAND_IN: &str = "… ";

/// OpenAI's models that count patches of 32 pixels, each with what a patch is multiplied by, in hundredths.
const PATCHES: &[(&str, u64)] =
    &[("gpt-4.1-mini", 162), ("gpt-4.1-nano", 246), ("gpt-5-mini", 162), ("gpt-5-nano", 246), ("o4-mini", 172)];

fn picture_tokens((width, height): (u64, u64), detail: Option<ImageDetail>, wire: Wire, model: &str) -> u64 {
    match wire {
        Wire::Anthropic => {
            let (width, height) = within((width, height), 1568);
            (width * height).div_ceil(750)
        }
        Wire::Gemini if width <= 384 && height <= 384 => 258,
        Wire::Gemini => 258 * width.div_ceil(768) * height.div_ceil(768),
        Wire::OpenAi
        | Wire::Responses
        | Wire::Ollama
        | Wire::Inference
        | Wire::Replicate
        | Wire::Command
        | Wire::Demo => {
            if let Some((_, factor)) = PATCHES.iter().find(|(start, _)| model.starts_with(start)) {
                return ((width.div_ceil(32) * height.div_ceil(32)).min(1536) * factor).div_ceil(100);
            }
            if detail == Some(ImageDetail::Low) {
                return 85;
            }
            let (width, height) = within((width, height), 2048);
            let short = width.min(height).max(1);
            let (width, height) =
                if short > 768 { (width * 768 / short, height * 768 / short) } else { (width, height) };
            85 + 170 * width.div_ceil(512) * height.div_ceil(512)
        }
    }
}

/// Scales a picture down until its longer side is within so many pixels.
fn within((width, height): (u64, u64), most: u64) -> (u64, u64) {
    let long = width.max(height).max(1);
    if long <= most { (width, height) } else { (width * most / long, height * most / long) }
}

/// Returns the folder that a path is in; the one it stands in, where it names none.
#[must_use]
pub fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    fn image(bytes: Vec<u8>) -> Result<Attachment, String> {
        Attachment::of_bytes(&Part::of(MediaKind::Image, "x"), "a.png".to_owned(), bytes.into())
    }

    #[test]
    fn a_source_is_a_path_an_address_or_data() {
        let filled = |source: &str| Part::of(MediaKind::Image, source).filled(source, PartOrigin::Prompt);
        let path = |source: &str| match filled(source).unwrap().data {
            AttachmentData::Unread { path, .. } => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (path("a/b.png"), path("file:///x/y.png"), path("C:\\a.png")),
            ("a/b.png".to_owned(), "/x/y.png".to_owned(), "C:\\a.png".to_owned(),)
        );
        let url = filled("https://example.com/a/photo.png?x=1").unwrap();
        assert_eq!((url.name.as_str(), url.media_type), ("photo.png", Some(MediaType::Png)));
        let data = filled(&format!("data:image/png;base64,{}", STANDARD.encode(png(4, 2)))).unwrap();
        assert_eq!(data.facts().unwrap().pixels, Some((4, 2)));
        for (source, why) in [
            ("data:image/png;base64,@@", "no base64"),
            ("data:image/png,abc", "not in base64"),
            ("data:", "no data"),
            ("ftp://x/y.png", "not taken"),
            ("javascript://x", "not taken"),
            (" ", "names nothing"),
        ] {
            let said = filled(source).unwrap_err();
            assert!(said.contains(why), "{source}: {said}");
        }
    }

    #[test]
    fn bytes_are_held_against_what_the_part_says() {
        assert!(image(png(10, 10)).is_ok());
        for (bytes, why) in [
            (png(60_000, 60_000), "60000×60000"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "damaged"),
            (b"%PDF-1.4".to_vec(), "name it as `file`"),
            (b"<svg onload='x()'>".to_vec(), "SVG"),
            (vec![0; 21 * 1024 * 1024], "larger than 20 MB"),
        ] {
            let said = image(bytes).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        let part = Part { media_type: Some(MediaType::Jpeg), ..Part::of(MediaKind::Image, "x") };
        assert!(Attachment::of_bytes(&part, "a".to_owned(), png(1, 1).into()).unwrap_err().contains("says image/jpeg"));
    }

    #[test]
    fn an_address_that_leads_inside_is_passed_to_nobody_outside() {
        let refused = |url: &str, local: bool| {
            Part::of(MediaKind::Image, url).filled(url, PartOrigin::Prompt).unwrap().refused_address(local)
        };
        assert_eq!(refused("https://example.com/a.png", false), None);
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/a.png",
            "https://127.0.0.1/a.png",
            "https://0x7f.1/a.png",
            "https://[::ffff:127.0.0.1]/a.png",
            "https://router/a.png",
            "https://metadata.google.internal/x",
            "http://example.com/a.png",
        ] {
            assert!(refused(url, false).is_some(), "{url}");
        }
        assert_eq!(refused("http://127.0.0.1:8000/a.png", true), None);
        assert!(refused("http://10.0.0.1/a.png", true).is_some());
    }

    #[test]
    fn tokens_are_counted_as_each_vendor_counts_them() {
        let tokens = |width, height, wire, model: &str| image(png(width, height)).unwrap().tokens(wire, model);
        assert_eq!(tokens(1024, 1024, Wire::OpenAi, "gpt-4o"), 765);
        assert_eq!(tokens(2048, 4096, Wire::OpenAi, "gpt-4o"), 1105);
        assert_eq!(tokens(1024, 1024, Wire::Responses, "gpt-4.1-mini"), 1659);
        assert_eq!(tokens(1092, 1092, Wire::Anthropic, "claude"), 1590);
        assert_eq!(tokens(3136, 3136, Wire::Anthropic, "claude"), 3279);
        assert_eq!((tokens(300, 300, Wire::Gemini, "g"), tokens(1024, 768, Wire::Gemini, "g")), (258, 516));
        let mut low = image(png(1024, 1024)).unwrap();
        low.detail = Some(ImageDetail::Low);
        assert_eq!(low.tokens(Wire::OpenAi, "gpt-4o"), 85);
    }

    #[test]
    fn a_part_is_written_as_it_was_read() {
        let text = "image = \"{{ photo }}\"\ndetail = \"low\"\nname = \"x\"\nmedia_type = \"image/png\"\n";
        let part: Part = toml::from_str(text).unwrap();
        assert!(part.is_variable() && part.own_path().is_none());
        assert_eq!(toml::to_string(&part).unwrap(), text);
        for (text, why) in [
            ("detail = \"low\"", "one of `image`"),
            ("image = \"a\"\nfile = \"b\"", "one of `image`"),
            ("file = \"a\"\ndetail = \"low\"", "images alone"),
            ("image = \"\"", "empty"),
            ("image = \"a\"\nmedia_type = \"image/svg+xml\"", "one of image/png"),
            ("image = \"a\"\nwidth = 3", "unknown field"),
        ] {
            let said = toml::from_str::<Part>(text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        for (source, whole) in [
            ("{{ a }}", true),
            ("{{a.b}}", true),
            ("x{{ a }}", false),
            ("{{ a }}{{ b }}", false),
            ("{{ a | upper }}", false),
        ] {
            assert_eq!(Part::of(MediaKind::Image, source).is_variable(), whole, "{source}");
        }
    }
}
