//! The classifier's table of words: what providers write for people, in the languages they write.

use crate::{model::ErrorKind, provider::classify::codes::holds};

/// Where a row counts. Inside a stream there is no status: all rows count there but those of a status.
#[derive(Debug)]
enum On {
    Any,
    Not(&'static [u16]),
    Only(&'static [u16]),
    Status(&'static [u16]),
}

/// Where the error may be the account's.
const ACCOUNT: On = On::Not(&[404, 405, 413, 422]);
/// Where the error may be the prompt's.
const PROMPT: On = On::Only(&[400, 404, 413, 422, 500, 503]);
/// Where a policy may have refused.
const REFUSED: On = On::Only(&[400, 401, 403, 406, 422, 451, 500]);
/// Where the model may be what is wrong.
const MODEL: On = On::Only(&[400, 401, 403, 404, 410, 422, 500, 501, 503]);
/// Where the key may be what is wrong.
const LOCKED: On = On::Only(&[400, 401, 403]);
/// Where the key is what is wrong if anything speaks of it.
const CLOSED: On = On::Status(&[401, 403]);
/// Where nothing is at the path.
const NOWHERE: On = On::Status(&[404, 405]);
/// Where the server may be too busy.
const BUSY: On = On::Not(&[401, 403]);
/// Where the server failed.
const FAILED: On = On::Only(&[408, 424, 499, 500, 502, 503, 504]);

/// What a model is called.
const MODELS: &str = "model|deployment|模型";

/// What a policy minds.
const CONTENT: &str = "content|input|prompt|message|request|output|text|polic|guideline|material|word";

/// A class, where it counts, and the words for it, read by [`holds`].
type Row = (ErrorKind, On, &'static [&'static str]);

/// Words in the message, in lower case: the first row that fits counts.
const CLEAR: &[Row] = &[
    // An answer that was none, told as a refusal.
    (
        ErrorKind::BadOutput,
        On::Any,
        &["json", "failed to generate|failed to validate|not generate a valid|generated invalid|valid json could not"],
    ),
    (ErrorKind::BadOutput, On::Any, &["failed to call a function|tool_use_failed|json_validate_failed"]),
    // A limit of the minute that speaks of a quota is one of the minute all the same.
    (
        ErrorKind::RateLimited,
        ACCOUNT,
        &[
            "quota|limit",
            "per minute|perminute|per second|per min |per min(|/min|rpm|tpm|qps|每分钟|每秒",
            "!per day|balance|hard limit",
        ],
    ),
    (ErrorKind::RateLimited, ACCOUNT, &["rate limit|rate-limit|ratelimit|usage limit", "retry|try again|reset"]),
    (ErrorKind::RateLimited, ACCOUNT, &["quota", "retry in|retry after|try again in|try again after"]),
    // The account is out of money.
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["insufficient|not enough|not sufficient|no remaining|negative", "balance|credit|fund|quota"],
    ),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["balance|credit", "too low|is low|exhausted|depleted|ran out|run out|used up|have expired|n't have any"],
    ),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["more credits|no credits|out of credit|add credits|purchase credits|buy credits|all available credits|\
             top up|top-up|recharge|included credits"],
    ),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["spend limit|spending limit|spend cap|blocked_api_access|billing limit|billing hard limit|\
             payment required|past due|overdue|unpaid|arrear|key limit exceeded"],
    ),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &[
            "current quota|quota exceeded|quota has been|exceeded quota|exceeded your|exceeded the quota|\
             out of quota|over quota|quota is exhausted|quota exhausted|quota reached|insufficient_quota",
            "quota",
        ],
    ),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["monthly|daily|per day|per month|weekly", "limit|quota|allowance", "exceed|exhaust|reached|used"],
    ),
    (ErrorKind::Quota, ACCOUNT, &["budget|usage limit", "exceeded|exhausted|reached"]),
    (ErrorKind::Quota, ACCOUNT, &["billing", "not active|inactive|disabled|problem with|issue with|not enabled"]),
    (ErrorKind::Quota, ACCOUNT, &["account|organization|subscription|plan|trial", "suspended|delinquent|has expired"]),
    (
        ErrorKind::Quota,
        ACCOUNT,
        &["欠费|余额不足|餘額不足|充值|額度不足|額度已|额度不足|额度已|额度用|配额已|配额不足|已用完|用尽"],
    ),
    // The place is not served.
    (
        ErrorKind::Region,
        LOCKED,
        &["country, region|unsupported_country|user location|your country|your location|您所在的地区|所在地区"],
    ),
    (
        ErrorKind::Region,
        LOCKED,
        &[
            "not available|not supported|n't available|n't supported|unsupported|restricted|unavailable|不支持",
            "your region|this region|this country|your territory|geograph|该地区|当前地区",
        ],
    ),
    // The prompt does not fit.
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &[
            "context length|context window|context size|context limit|context_length|context_window|contextwindow",
            "exceed|maximum|too long|too large|too small|longer|only|overflow|larger|beyond|limit|not fit",
        ],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &[
            "prompt|input|message|request|conversation|query",
            "too long|too large|longer than|larger than|too many tokens",
            "!max_tokens|max_completion_tokens|image|file",
        ],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &[
            "prompt length|input length|range of input|context",
            "exceed|token|maximum|should be",
            "!max_tokens|max_completion_tokens",
        ],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &[
            "token",
            "exceed|greater than|more than|larger than|longer than|above|must be <=|must have less|over the",
            "limit|maximum|max_new_tokens|allowed|max_input",
            "!max_tokens|max_completion_tokens|max_output_tokens|completion tokens|output tokens",
        ],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &["reduce the length|reduce your prompt|reduce your message|reduce the number of tokens|shorten your|\
             shorten the"],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &["keep the first|must have less than|must be less than", "token", "!max_tokens|max_completion_tokens"],
    ),
    (
        ErrorKind::ContextTooLong,
        PROMPT,
        &["上下文|输入|长度|token|提示词|prompt", "超过|超出|过长|超长|太长", "!频率|速率|每分钟|max_tokens"],
    ),
    // A policy refused.
    (
        ErrorKind::ContentPolicy,
        REFUSED,
        &["content management policy|content policy|content_policy|contentpolicy|content filter|content_filter|\
             usage polic|safety system|safety polic|acceptable use|responsible ai|content exists risk|high risk"],
    ),
    (
        ErrorKind::ContentPolicy,
        REFUSED,
        &[
            "flagged|moderation|inappropriate|prohibited|harmful|objectionable|offensive|sensitive|unsafe|violat|\
             safety",
            CONTENT,
        ],
    ),
    (ErrorKind::ContentPolicy, REFUSED, &["敏感|违规|違規|不当|不當|不合规|审核|審核|不安全|有害"]),
    // A path that leads nowhere.
    (
        ErrorKind::NotAnApi,
        NOWHERE,
        &["page not found|file not found|cannot post|cannot get|no route |route not found|invalid url|\
             unknown path|url not found|resource not found|unknown endpoint|unknown request url|\
             unrecognized request|method not allowed|path not found"],
    ),
    (ErrorKind::ParamRejected, NOWHERE, &["no endpoints found that"]),
    // Busy for a moment, which is not gone.
    (
        ErrorKind::Overloaded,
        BUSY,
        &["overloaded|server busy|is busy|are busy|too busy|currently busy|high demand|high traffic|high load|\
             heavy load|at capacity|over capacity|capacity exceeded|insufficient capacity|no capacity|\
             out of capacity|capacity constraint|maximum pending|queue is full|no healthy upstream"],
    ),
    (
        ErrorKind::Overloaded,
        BUSY,
        &["loading model|is loading|still loading|currently loading|being loaded|warming up|cold start|\
             starting up|not ready"],
    ),
    (
        ErrorKind::Overloaded,
        BUSY,
        &[
            "temporarily|currently unavailable|momentarily",
            "unavailable|try again|busy|offline|out of service|not available",
        ],
    ),
    (ErrorKind::Overloaded, BUSY, &["繁忙|过载|過載|负载|拥挤|加载中"]),
];

/// Words that count where no parameter of the request is named beside them. Each message in the text
/// begins with a line break.
const BROAD: &[Row] = &[
    // The model is not there, or not for this account.
    (
        ErrorKind::ModelGone,
        On::Any,
        &["no available channel|no healthy deployment|no deployments available|无可用渠道|no endpoints found for|\
             no endpoints available|no allowed providers|llm provider not provided"],
    ),
    (
        ErrorKind::ModelGone,
        MODEL,
        &[
            MODELS,
            "not found|not exist|n't exist|no such|unknown model|invalid model|not a valid|unrecognized|not recognized|\
             not a supported|could not be found|couldn't find|cannot find|can't find|unable to find|could not find|\
             is invalid|wrong model|no models loaded|not loaded|no router|not a chat model",
        ],
    ),
    (
        ErrorKind::ModelGone,
        MODEL,
        &[
            MODELS,
            "unable to access|cannot access|can't access|not accessible|have access|no access|not allowed|\
             not authorized|n't authorized|not permitted|permission|access denied|denied access|access to|entitled|\
             not include|requires a|upgrade|not enabled|not activated|not open|disabled|terms|must be verified to use",
        ],
    ),
    (
        ErrorKind::ModelGone,
        MODEL,
        &[
            MODELS,
            "not available|n't available|no longer|unavailable|not deployed|not served|not hosted|been deprecated|\
             been retired|is deprecated|is retired|sunset|discontinued|decommissioned|been removed|end of life|\
             end-of-life|shut down|been shut|offline",
            "!for this model|with this model|by this model",
        ],
    ),
    (
        ErrorKind::ModelGone,
        MODEL,
        &[
            MODELS,
            "model is not supported|model not supported|unsupported model|model isn't supported|n't supported|\
             not supported|only supported in|only available|not support chat|not support the chat|\
             not support generatecontent|does not work with",
            "!for this model|with this model|by this model|on this model|parameter|argument|_format|image",
        ],
    ),
    (
        ErrorKind::ModelGone,
        MODEL,
        &["not support chat|failed to load model|unable to load model|could not load model|error loading model"],
    ),
    (ErrorKind::ModelGone, On::Status(&[403, 404]), &["have access to|no access to", "!organization|api key|project"]),
    (ErrorKind::ModelGone, On::Only(&[404]), &["\nmodel:"]),
    (ErrorKind::ModelGone, On::Status(&[404]), &["function", "not found for account"]),
    (
        ErrorKind::ModelGone,
        MODEL,
        &["模型", "不存在|未找到|找不到|无权|没有权限|未授权|未开通|不可用|已下线|已停用|不支持|无效|错误|未部署"],
    ),
    // The key is not taken.
    (
        ErrorKind::Credential,
        LOCKED,
        &[
            "api key|api-key|api_key|apikey|access key|secret key|credentials|authorization header|auth token|\
             access token|bearer token",
            "invalid|incorrect|not valid|n't valid|expired|missing|required|not provided|n't provide|not provide|\
             no |revoked|disabled|deleted|leaked|unknown|wrong|bad|not found|suspended|malformed|not match|\
             permission|not have access",
        ],
    ),
    (
        ErrorKind::Credential,
        CLOSED,
        &[
            "token|key|credential|signature|密钥|令牌",
            "invalid|incorrect|expired|missing|revoked|disabled|not valid|illegal|无效|过期|错误",
        ],
    ),
    (
        ErrorKind::Credential,
        CLOSED,
        &["unauthorized|unauthenticated|authentication|authenticate|authorization|not logged in|login|sign in|\
             permission denied|permission to use"],
    ),
    (ErrorKind::Credential, On::Only(&[400, 401, 403, 500]), &["no connected db"]),
    (ErrorKind::Credential, LOCKED, &["鉴权|认证失败|身份验证|无效的令牌|api key 无效|apikey无效"]),
    // Too much at once.
    (
        ErrorKind::RateLimited,
        On::Not(&[401]),
        &["rate limit|rate-limit|ratelimit|rate_limit|too many requests|too many tokens|too many concurrent|\
             throttl|slow down|concurrency limit|concurrent request|requests per|tokens per|过于频繁|速率|频率|限流|并发|请求过多|\
             请求太多|流控"],
    ),
    // It failed, and may not the next time.
    (
        ErrorKind::Transient,
        FAILED,
        &["connection error|connection reset|connection refused|runner|unexpected eof|internal server error|\
             internal error|server error|timed out|timeout|bad gateway|upstream|during generation|内部错误|系统错误|系统异常|\
             服务异常|网络错误|超时"],
    ),
];

/// The class that words leave no doubt of.
pub(crate) fn clear(status: Option<u16>, text: &str) -> Option<ErrorKind> {
    first(CLEAR, status, text)
}

/// The class that words speak for.
pub(crate) fn broad(status: Option<u16>, text: &str) -> Option<ErrorKind> {
    first(BROAD, status, text)
}

fn first(rows: &[Row], status: Option<u16>, text: &str) -> Option<ErrorKind> {
    let counts = |on: &On| match (on, status) {
        (On::Any, _) | (On::Only(_) | On::Not(_), None) => true,
        (On::Status(_), None) => false,
        (On::Only(list) | On::Status(list), Some(status)) => list.contains(&status),
        (On::Not(list), Some(status)) => !list.contains(&status),
    };
    rows.iter().find(|(_, on, words)| counts(on) && holds(text, words)).map(|(class, ..)| *class)
}

/// Tells whether a text says that one request asks for more than the limit ever allows: `Limit 6000,
/// Requested 8000`. No wait heals that.
pub(crate) fn never_fits(text: &str) -> bool {
    let after = |word: &str| -> Option<u64> {
        let (_, rest) = text.split_once(word)?;
        let number: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
        number.parse().ok()
    };
    after("limit ").zip(after("requested ")).is_some_and(|(limit, requested)| requested > limit)
}
