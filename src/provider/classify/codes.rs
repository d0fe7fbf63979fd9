//! The classifier's table of codes: types, reasons and numbers that providers document.

use serde_json::{Map, Value};

use crate::model::Class;

/// Whose numbers a number is one of. The same number means one thing here and another there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
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
    pub(super) fn refined(self, fields: &Map<String, Value>) -> Self {
        if fields.contains_key("sid") {
            Self::Spark
        } else if fields.contains_key("error_code") && fields.contains_key("error_msg") {
            Self::Baidu
        } else {
            self
        }
    }

    /// Whose the numbers of an error inside are.
    pub(super) fn inside(self) -> Self {
        match self {
            Self::Spark | Self::Baidu => self,
            Self::Top | Self::Error | Self::MiniMax | Self::Other => Self::Error,
        }
    }
}

/// Writes a code as it is compared: letters and digits alone, in lower case.
pub(super) fn squashed(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Parts of codes. All of a row's words must be in one code, none of those with `!`, and the first
/// row counts. A word with `|` is any of its parts.
const CODES: &[(Class, &[&str])] = &[
    (Class::BadOutput, &["jsonvalidat|tooluse|outputparse", "fail"]),
    // Whether a quota is one of the day or of the minute, only its name says.
    (Class::Quota, &["perday|permonth|dailylimit|monthlylimit"]),
    (Class::RateLimited, &["perminute|persecond|perhour|inflight"]),
    (Class::Quota, &["insufficient", "quota|balance|credit|fund"]),
    (
        Class::Quota,
        &[
            "quota|balance|credit|budget|resourcepack|chargeresource|freetier",
            "exhaust|exceed|usedup|deplet",
            "!rate|throttl",
        ],
    ),
    (Class::Quota, &["billing|arrear|overdue|unpaid|spendlimit|spendinglimit|paymentrequired|freetieronly"]),
    (Class::Quota, &["account", "suspended|delinquent"]),
    (Class::Region, &["unsupported|notsupported|restricted", "country|region|territory|location"]),
    (Class::ContextTooLong, &["context", "length|window|size|toolong|overflow|exceed"]),
    (
        Class::ContextTooLong,
        &["prompt|input|message|request|string|payload|entity", "toolong|toolarge|abovemaxlength|lengthexceed"],
    ),
    (Class::ContentPolicy, &["content", "filter|policy|blocked|moderation|management|prohibited"]),
    (
        Class::ContentPolicy,
        &["moderation|sensitive|datainspection|responsibleai|policyviolation|safety|harmful|unsafe|invalidprompt"],
    ),
    (
        Class::ModelGone,
        &[
            "model|deployment|endpoint",
            "notfound|notexist|nosuch|unknown|invalid|available|support|deprecat|retired|decommission|notopen|\
             notallowed|notenabled|notloaded|denied|permission|forbidden|unauthoriz|offline|termsrequired",
        ],
    ),
    (
        Class::Overloaded,
        &["overload|capacityexceed|serverbusy|enginebusy|systembusy|notready|modelloading|unavailableerror|\
             serviceunavailable"],
    ),
    (
        Class::RateLimited,
        &["ratelimit|resourceexhausted|toomanyrequests|throttl|concurrencylimit|limitexceed|limitrequests|qpslimit"],
    ),
    (
        Class::Credential,
        &["authentication|unauthenticated|unauthoriz|authfail|autherror|invalidsignature|signaturedoes|\
             unrecognizedclient"],
    ),
    (
        Class::Credential,
        &[
            "invalid|expired|missing|incorrect|disabled|revoked|notvalid|notfound",
            "apikey|accesskey|secretid|accesstoken|iamtoken|credential",
        ],
    ),
    (Class::Credential, &["invalidkey|expiredkey|invalidtoken|tokeninvalid|tokenexpired|expiredtoken|tokennotfound"]),
    (Class::Credential, &["account|organization", "deactivated|disabled|inactive|restricted"]),
    (Class::Credential, &["nodbconnection"]),
    (Class::Transient, &["timeout|timedout|deadlineexceeded|apiconnection|badgateway|networkerror"]),
];

/// Codes that count where neither another code nor a word decides, in the same form.
const VAGUE: &[(Class, &[&str])] = &[(Class::Credential, &["permission", "denied|error"])];

/// Numbers that providers document, each with whose they are.
const NUMBERS: &[(Family, &[i64], Class)] = &[
    // Zhipu and Z.ai, open.bigmodel.cn: error codes.
    (Family::Error, &[1000, 1001, 1002, 1003, 1004, 1100, 1110, 1111, 1112], Class::Credential),
    (Family::Error, &[1113, 1308, 1309, 1310], Class::Quota),
    (Family::Error, &[1211, 1212, 1220, 1221, 1222, 1311], Class::ModelGone),
    (Family::Error, &[1210, 1213, 1214, 1215], Class::CallerFault),
    (Family::Error, &[1230, 1231, 1234, 500], Class::Transient),
    (Family::Error, &[1261], Class::ContextTooLong),
    (Family::Error, &[1300, 1301], Class::ContentPolicy),
    (Family::Error, &[1302, 1303, 1304, 1305, 1313], Class::RateLimited),
    (Family::Error, &[1312], Class::Overloaded),
    // MiniMax: error codes of `base_resp`.
    (Family::MiniMax, &[1000, 1001, 1024, 1033, 1013], Class::Transient),
    (Family::MiniMax, &[1002, 1039, 1041, 2045], Class::RateLimited),
    (Family::MiniMax, &[1004, 2049], Class::Credential),
    (Family::MiniMax, &[1008, 2056], Class::Quota),
    (Family::MiniMax, &[1026, 1027], Class::ContentPolicy),
    (Family::MiniMax, &[2013, 1042], Class::CallerFault),
    // iFlytek Spark: error codes.
    (Family::Spark, &[10007, 11202, 11203], Class::RateLimited),
    (Family::Spark, &[10008, 10010, 10110], Class::Overloaded),
    (Family::Spark, &[10012, 10000, 10001, 10002, 10222], Class::Transient),
    (Family::Spark, &[10013, 10014, 10019], Class::ContentPolicy),
    (Family::Spark, &[10907], Class::ContextTooLong),
    (Family::Spark, &[11200, 11201], Class::Quota),
    (Family::Spark, &[10005, 10015, 10016, 10017, 10313], Class::Credential),
    (Family::Spark, &[10003, 10004, 10163, 10404], Class::CallerFault),
    // Baidu Qianfan: error codes.
    (Family::Baidu, &[4, 18, 336_501, 336_502, 336_503, 336_504], Class::RateLimited),
    (Family::Baidu, &[17, 19], Class::Quota),
    (Family::Baidu, &[13, 14, 15, 110, 111], Class::Credential),
    (Family::Baidu, &[336_100], Class::Overloaded),
    (Family::Baidu, &[336_103, 336_007], Class::ContextTooLong),
    (Family::Baidu, &[1, 2, 336_000], Class::Transient),
    (Family::Baidu, &[3, 6], Class::ModelGone),
];

/// The class of the first row that one of the codes fits.
pub(super) fn class(codes: &[String]) -> Option<Class> {
    first(CODES, codes)
}

/// The class of codes that say little.
pub(super) fn vague(codes: &[String]) -> Option<Class> {
    first(VAGUE, codes)
}

/// The class of a documented number.
pub(super) fn number(numbers: &[(Family, i64)]) -> Option<Class> {
    let known = |(family, number): &(Family, i64)| {
        NUMBERS.iter().find(|(own, all, _)| own == family && all.contains(number)).map(|(.., class)| *class)
    };
    numbers.iter().find_map(known)
}

/// Tells whether a text holds a row's words: each of them, or any of its parts where it has `|`, and
/// none of those with `!`.
pub(super) fn holds(text: &str, words: &[&str]) -> bool {
    let any = |word: &str| word.split('|').any(|part| text.contains(part));
    words.iter().all(|word| word.strip_prefix('!').map_or_else(|| any(word), |word| !any(word)))
}

fn first(rows: &[(Class, &[&str])], codes: &[String]) -> Option<Class> {
    rows.iter().find(|(_, words)| codes.iter().any(|code| holds(code, words))).map(|(class, _)| *class)
}
