//! The classifier's table of codes: types, reasons and numbers that providers document.

use serde_json::{Map, Value};

use crate::model::ErrorKind;

/// Whose numbers a number is one of. The same number means one thing here and another there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The body itself.
    Top,
    /// The field `error`: Zhipu and its like.
    Error,
    /// `MiniMax`'s `base_resp`.
    MiniMax,
    /// iFlytek Spark, which signs its answers with a `sid`.
    Spark,
    /// Baidu, which says `error_code` and `error_msg`.
    Baidu,
    /// None that is known.
    Other,
}

impl Family {
    /// Tells by what stands beside a number whose it is.
    pub(crate) fn refined(self, fields: &Map<String, Value>) -> Self {
        if fields.contains_key("sid") {
            Self::Spark
        } else if fields.contains_key("error_code") && fields.contains_key("error_msg") {
            Self::Baidu
        } else {
            self
        }
    }

    /// Whose the numbers of an error inside are.
    pub(crate) fn inside(self) -> Self {
        match self {
            Self::Spark | Self::Baidu => self,
            Self::Top | Self::Error | Self::MiniMax | Self::Other => Self::Error,
        }
    }
}

/// Writes a code as it is compared: letters and digits alone, in lower case.
pub(crate) fn squashed(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Parts of codes. All of a row's words must be in one code, none of those with `!`, and the first
/// row counts. A word with `|` is any of its parts.
const CODES: &[(ErrorKind, &[&str])] = &[
    (ErrorKind::BadOutput, &["jsonvalidat|tooluse|outputparse", "fail"]),
    // Whether a quota is one of the day or of the minute, only its name says.
    (ErrorKind::Quota, &["perday|permonth|dailylimit|monthlylimit"]),
    (ErrorKind::RateLimited, &["perminute|persecond|perhour|inflight"]),
    (ErrorKind::Quota, &["insufficient", "quota|balance|credit|fund"]),
    (
        ErrorKind::Quota,
        &[
            "quota|balance|credit|budget|resourcepack|chargeresource|freetier",
            "exhaust|exceed|usedup|deplet",
            "!rate|throttl",
        ],
    ),
    (ErrorKind::Quota, &["billing|arrear|overdue|unpaid|spendlimit|spendinglimit|paymentrequired|freetieronly"]),
    (ErrorKind::Quota, &["account", "suspended|delinquent"]),
    (ErrorKind::Region, &["unsupported|notsupported|restricted", "country|region|territory|location"]),
    (ErrorKind::ContextTooLong, &["context", "length|window|size|toolong|overflow|exceed"]),
    (
        ErrorKind::ContextTooLong,
        &["prompt|input|message|request|string|payload|entity", "toolong|toolarge|abovemaxlength|lengthexceed"],
    ),
    (ErrorKind::ContentPolicy, &["content", "filter|policy|blocked|moderation|management|prohibited"]),
    (
        ErrorKind::ContentPolicy,
        &["moderation|sensitive|datainspection|responsibleai|policyviolation|safety|harmful|unsafe|invalidprompt"],
    ),
    (
        ErrorKind::ModelGone,
        &[
            "model|deployment|endpoint",
            "notfound|notexist|nosuch|unknown|invalid|available|support|deprecat|retired|decommission|notopen|\
             notallowed|notenabled|notloaded|denied|permission|forbidden|unauthoriz|offline|termsrequired",
        ],
    ),
    (
        ErrorKind::Overloaded,
        &["overload|capacityexceed|serverbusy|enginebusy|systembusy|notready|modelloading|unavailableerror|\
             serviceunavailable"],
    ),
    (
        ErrorKind::RateLimited,
        &["ratelimit|resourceexhausted|toomanyrequests|throttl|concurrencylimit|limitexceed|limitrequests|qpslimit"],
    ),
    (
        ErrorKind::Credential,
        &["authentication|unauthenticated|unauthoriz|authfail|autherror|invalidsignature|signaturedoes|\
             unrecognizedclient"],
    ),
    (
        ErrorKind::Credential,
        &[
            "invalid|expired|missing|incorrect|disabled|revoked|notvalid|notfound",
            "apikey|accesskey|secretid|accesstoken|iamtoken|credential",
        ],
    ),
    (
        ErrorKind::Credential,
        &["invalidkey|expiredkey|invalidtoken|tokeninvalid|tokenexpired|expiredtoken|tokennotfound"],
    ),
    (ErrorKind::Credential, &["account|organization", "deactivated|disabled|inactive|restricted"]),
    (ErrorKind::Credential, &["nodbconnection"]),
    (ErrorKind::Transient, &["timeout|timedout|deadlineexceeded|apiconnection|badgateway|networkerror"]),
];

/// Codes that count where neither another code nor a word decides, in the same form.
const VAGUE: &[(ErrorKind, &[&str])] = &[(ErrorKind::Credential, &["permission", "denied|error"])];

/// Numbers that providers document, each with whose they are.
const NUMBERS: &[(Family, &[i64], ErrorKind)] = &[
    // Zhipu and Z.ai, open.bigmodel.cn: error codes.
    (Family::Error, &[1000, 1001, 1002, 1003, 1004, 1100, 1110, 1111, 1112], ErrorKind::Credential),
    (Family::Error, &[1113, 1308, 1309, 1310], ErrorKind::Quota),
    (Family::Error, &[1211, 1212, 1220, 1221, 1222, 1311], ErrorKind::ModelGone),
    (Family::Error, &[1210, 1213, 1214, 1215], ErrorKind::CallerFault),
    (Family::Error, &[1230, 1231, 1234, 500], ErrorKind::Transient),
    (Family::Error, &[1261], ErrorKind::ContextTooLong),
    (Family::Error, &[1300, 1301], ErrorKind::ContentPolicy),
    (Family::Error, &[1302, 1303, 1304, 1305, 1313], ErrorKind::RateLimited),
    (Family::Error, &[1312], ErrorKind::Overloaded),
    // MiniMax: error codes of `base_resp`.
    (Family::MiniMax, &[1000, 1001, 1024, 1033, 1013], ErrorKind::Transient),
    (Family::MiniMax, &[1002, 1039, 1041, 2045], ErrorKind::RateLimited),
    (Family::MiniMax, &[1004, 2049], ErrorKind::Credential),
    (Family::MiniMax, &[1008, 2056], ErrorKind::Quota),
    (Family::MiniMax, &[1026, 1027], ErrorKind::ContentPolicy),
    (Family::MiniMax, &[2013, 1042], ErrorKind::CallerFault),
    // iFlytek Spark: error codes.
    (Family::Spark, &[10007, 11202, 11203], ErrorKind::RateLimited),
    (Family::Spark, &[10008, 10010, 10110], ErrorKind::Overloaded),
    (Family::Spark, &[10012, 10000, 10001, 10002, 10222], ErrorKind::Transient),
    (Family::Spark, &[10013, 10014, 10019], ErrorKind::ContentPolicy),
    (Family::Spark, &[10907], ErrorKind::ContextTooLong),
    (Family::Spark, &[11200, 11201], ErrorKind::Quota),
    (Family::Spark, &[10005, 10015, 10016, 10017, 10313], ErrorKind::Credential),
    (Family::Spark, &[10003, 10004, 10163, 10404], ErrorKind::CallerFault),
    // Baidu Qianfan: error codes.
    (Family::Baidu, &[4, 18, 336_501, 336_502, 336_503, 336_504], ErrorKind::RateLimited),
    (Family::Baidu, &[17, 19], ErrorKind::Quota),
    (Family::Baidu, &[13, 14, 15, 110, 111], ErrorKind::Credential),
    (Family::Baidu, &[336_100], ErrorKind::Overloaded),
    (Family::Baidu, &[336_103, 336_007], ErrorKind::ContextTooLong),
    (Family::Baidu, &[1, 2, 336_000], ErrorKind::Transient),
    (Family::Baidu, &[3, 6], ErrorKind::ModelGone),
];

/// The class of the first row that one of the codes fits.
pub(crate) fn class(codes: &[String]) -> Option<ErrorKind> {
    first(CODES, codes)
}

/// The class of codes that say little.
pub(crate) fn vague(codes: &[String]) -> Option<ErrorKind> {
    first(VAGUE, codes)
}

/// The class of a documented number.
pub(crate) fn number(numbers: &[(Family, i64)]) -> Option<ErrorKind> {
    let known = |(family, number): &(Family, i64)| {
        NUMBERS.iter().find(|(own, all, _)| own == family && all.contains(number)).map(|(.., class)| *class)
    };
    numbers.iter().find_map(known)
}

/// Tells whether a text holds a row's words: each of them, or any of its parts where it has `|`, and
/// none of those with `!`.
pub(crate) fn holds(text: &str, words: &[&str]) -> bool {
    let any = |word: &str| word.split('|').any(|part| text.contains(part));
    words.iter().all(|word| word.strip_prefix('!').map_or_else(|| any(word), |word| !any(word)))
}

fn first(rows: &[(ErrorKind, &[&str])], codes: &[String]) -> Option<ErrorKind> {
    rows.iter().find(|(_, words)| codes.iter().any(|code| holds(code, words))).map(|(class, _)| *class)
}
