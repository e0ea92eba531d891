"""The vocabulary of refusals, in English and Chinese: patterns of sentences and of codes."""

from __future__ import annotations

from typing import Literal

# The order is part of the meaning: a dead key can be dead for a policy violation, a picture that
# cannot be fetched can be "access denied", a rate limit's advice names billing.
Meaning = Literal[
    "banned",
    "moderated",
    "no_channel",
    "bad_picture",
    "bad_key",
    "money",
    "rate",
    "money_hint",
    "not_found",
    "permission",
    "mistake",
    "generic_mistake",
    "trouble",
]

_POLICY = r"(?:polic\w+|guidelines?|guardrails?|standards?|terms|rules)"
_KEY = (
    r"(?:api[ _-]?key|apikey|access[ _-]?token|bearer token|(?<!max_)(?<!max )token\b|credentials?)"
)
_OUT_OF = r"(?:used (?:up )?all|no|out of|run out of|ran out of|any|not enough|lack\w*|insufficient|exhausted|too few|enough)"
_JOB = r"(?:task|video|job|generation|model|endpoint|route|resource|operation|deployment)"
_FIELD = r"(?:prompt|duration|seconds|resolution|size|aspect[ _]ratio|ratio|image\w*|picture|model|field|parameter|param|argument)"
_FIELD_ZH = r"(?:时长|分辨率|宽高比|比例|图片|图像|提示词|尺寸|模型|参数|格式)"

SENTENCES: tuple[tuple[Meaning, tuple[str, ...]], ...] = (
    (
        "banned",
        (
            r"\b(?:account|organi[sz]ation|api key)\b.{0,40}\b(?:suspended|banned|deactivated|disabled|terminated)\b",
            r"(?:账号|账户|帐号|帐户|用户|令牌|密钥).{0,12}(?:封禁|封停|禁用(?!词)|冻结|停用|封号)",
        ),
    ),
    (
        "moderated",
        (
            r"\b(?:rejected|blocked|refused|flagged|filtered|stopped|denied|removed|declined)\b.{0,40}(?<!_)\b(?:moderat\w+|content[ _-](?:filter\w*|polic\w+|safety)|safety|usage polic\w+|responsible ai)(?!_)",
            r"\bmoderat(?:ion|ed)\b(?! (?:service|api|endpoint|server|backend)).{0,30}\b(?:reject\w*|block\w*|refus\w*|flagged|violat\w*|denied|not passed|did ?n[o']t pass)",
            r"\b(?:failed|(?:did|does) ?n[o']t pass|not pass\w*|unable to pass)\b.{0,12}(?:\b(?:content|safety) (?:review|check|filter|audit|inspection|moderation)|\bmoderation)(?! (?:service|api|request))",
            r"\bcontent moderation (?:check )?failed\b(?!:? (?:to|with|due))",
            r"\b(?:content|output|video|prompt|image|input|text)s? (?:was |has been |is |were |been |got )*(?:moderated|flagged|censored)\b",
            r"\b(?:violat\w+|against|breach\w*|contrary to|not comply with|conflicts? with|not allowed (?:by|under)|prohibited (?:by|under)|disallowed (?:by|under)|infring\w+)\b.{0,60}\b(?:content|usage|safety|community|acceptable use|use|moderation|openai\S*|xai\S*|our|platform|service)\b.{0,20}\b"
            + _POLICY,
            r"\b(?:content|usage|safety|community|acceptable use)[ _-](?:polic\w+|guidelines?) violat",
            r"\b(?:our|the|openai|xai)?\s*safety (?:system|filter|check|polic\w+|guidelines?|classifier)s?\b.{0,40}\b(?:reject\w*|block\w*|flag\w*|trigger\w*|refus\w*|not allow\w*|disallow\w*|prevent\w*|violat\w*)",
            r"\b(?:triggered|hit|caught by|tripped)\b.{0,25}\b(?:safety|moderation|content)[ _-](?:system|filter|polic\w+|check)",
            r"\b(?:inappropriate|unsafe|prohibited|disallowed|harmful|explicit|nsfw|adult|sensitive|objectionable|forbidden) (?:content|material|words?|imagery|information)\b",
            r"\b(?:not|n't) (?:be )?(?:allowed|permitted|accepted) (?:by|under)\b.{0,20}\b(?:safety|moderation|content)\b",
            r"\bsensitive[ _]words?[ _]detected|\bcontains? nsfw\b|\bnsfw (?:detected|content)|\bdata ?inspection ?failed",
            r"\b(?:flagged|classified|detected) (?:as|for) (?:\w+ ){0,3}(?:unsafe|inappropriate|sensitive|harmful|nsfw|sexual|violen\w+|hate|violati\w+)",
            r"\b(?:images?|pictures?|photos?|uploads?)\b.{0,40}\b(?:photorealistic|real) (?:people|persons?|humans?|faces?)\b|(?:含有?|检测到|禁止|不支持).{0,6}真人",
            r"(?:未能?|没有?|没能|不能?|无法)通过.{0,12}(?:审核|审查|安全检测|风控)",
            r"(?:审核|审查)(?!服务|接口|系统).{0,8}(?:未|不|没有?|没能|无法)(?:能)?通过",
            r"(?:审核|审查)(?:结果)?[：:，, ]?(?:失败|被?拒绝|被?拦截|不合规|驳回)",
            r"(?:内容|提示词|图片|图像|视频|画面|文本|输入|输出|描述|素材|生成).{0,12}(?:违规|敏感|违反|不合规|违法|不当内容|不安全|色情|暴力|涉黄|涉政|涉嫌)",
            r"违规(?:内容|词|信息|提示|图片|视频)|敏感(?:内容|词|信息|字)|涉(?:黄|政|暴|恐)|不良(?:内容|信息)",
            r"违反.{0,16}(?:政策|规定|规范|准则|策略|条款|法律|法规|协议)",
            r"不符合.{0,14}(?:政策|规范|准则|安全策略|内容规定|社区规定)",
            r"被.{0,12}(?:审核|安全系统|安全策略|内容策略|内容安全|风控|过滤器).{0,8}(?:拦截|拒绝|阻止|过滤|屏蔽)",
            r"内容(?:安全|审核|策略).{0,8}(?:拦截|拒绝|阻止|限制|屏蔽|命中)|(?:触发|命中).{0,8}(?:内容|安全|审核|敏感|风控)",
        ),
    ),
    (
        "no_channel",
        (
            r"(?:无|没有)可用的?(?:渠道|通道|供应商)",
            r"\bno (?:available|usable|enabled) (?:channels?|providers?|accounts?)|\bno channels? (?:is |are )?(?:available|found)",
        ),
    ),
    (
        "bad_picture",
        (
            r"\b(?:fail\w*|unable|could ?n[o']t|could not|cannot|can't|error)\b.{0,30}\b(?:fetch|download|load|retriev|access|read|decod|open)\w*.{0,30}\b(?:image|picture|photo|input_reference)",
            r"\b(?:image|picture|photo)\b.{0,40}\b(?:could not|couldn't|cannot|failed to|unable to|can't) (?:be )?(?:fetch|download|load|retriev|access|read|decod|open)",
            r"(?:图片|图像)\S{0,12}(?:下载|获取|读取|加载|解析)\S{0,4}(?:失败|错误|超时)|(?:下载|获取|读取|加载|解析)\S{0,4}(?:图片|图像)\S{0,6}(?:失败|错误|超时)",
        ),
    ),
    (
        "bad_key",
        (
            r"\b(?:incorrect|invalid|wrong|bad|missing|expired|revoked|malformed|unrecogni[sz]ed|inactive)\b(?: or \w+)? (?:\w+ ){0,2}"
            + _KEY
            + r"(?! (?:at|in) (?:position|json|line))",
            _KEY
            + r"(?! (?:quota|balance|limit)).{0,40}\b(?:invalid|incorrect|expired|not valid|missing|required|revoked|not found|does(?: not|n't) exist|not recogni[sz]ed|blocked|disabled|wrong)",
            r"\b(?:no|not provide an?|without an?|did(?: not|n't) provide an?|provide a valid) (?:\w+ )?"
            + _KEY,
            r"\b(?:authentication|authorization) (?:fail\w*|error|required|header|token)|\binvalid (?:authentication|authorization|bearer)|\bnot authenticated|\bunauthenticated",
            r"无效的?(?:访问)?(?:令牌|密钥|api ?key|apikey|token|秘钥)",
            r"(?:令牌|密钥|秘钥|api ?key|apikey|token)(?!额度|余额).{0,8}(?:无效|过期|禁用|错误|不正确|不存在|状态不可用|未提供|失效|不合法|有误)",
            r"(?:未提供|缺少|请提供|没有提供).{0,6}(?:令牌|密钥|api ?key|token|认证)",
            r"(?:认证|鉴权|身份验证|授权)(?:信息)?(?:失败|无效|错误|已过期)|未登录|登录已?过期|未认证",
        ),
    ),
    (
        "money",
        (
            r"\binsufficient (?:\w+ ){0,2}(?:quota|balance|credits?|funds?|tokens?)\b",
            r"\bexceeded (?:your|the) (?:current|monthly|account|usage)? ?(?:quota|budget)",
            r"\b" + _OUT_OF + r"\b.{0,24}\b(?:credits?|balance|funds|licenses?)\b",
            r"\b(?:credits?|balance|funds)\b.{0,30}\b(?:too low|insufficient|not enough|exhausted|depleted|negative|used up|ran out|run out|is (?:0|zero)|expired|required)",
            r"\b(?:spending|billing|budget|credit|usage) (?:hard )?(?:limit|cap)\b.{0,30}\b(?:reached|exceed\w*|hit)|\b(?:reached|exceed\w*|hit)\b.{0,30}\b(?:spending|billing|credit|budget) (?:hard )?(?:limit|cap)",
            r"\bquota\b(?!.{0,60}\bper (?:second|minute|hour|day))(?! metric).{0,20}\b(?:is )?(?:not enough|insufficient|exhausted|used up|exceeded|remain|is 0)",
            r"\bpayment (?:required|overdue|failed)|\boverdue\b|\barrears|\bunpaid\b|\bremainquota",
            r"(?:额度|余额|配额|点数|积分|资金|金额|算力)\S{0,4}(?:不足|不够|用尽|用完|耗尽|为0|为零|超限|已用|透支)",
            r"(?:检查|查看)\S{0,6}余额|预扣费|欠费|余额为负|超出.{0,6}(?:额度|预算|配额)|(?:没有|无)(?:足够的?)?(?:余额|额度)",
        ),
    ),
    (
        "rate",
        (
            r"\btoo many (?:\w+ ){0,2}(?:requests?|tasks?|videos?|jobs?|generations?)|\brate[ _-]?limit|\bratelimit",
            r"\brequests? per (?:second|minute|hour|day)|\b[rt]pm\b|\bthrottl\w+|\bslow down\b",
            r"\bconcurren\w+\b.{0,30}\b(?:limit|exceed\w*|reached)|\b(?:limit|exceed\w*|reached)\b.{0,30}\bconcurren",
            r"(?:请求|访问|调用|操作|提交)\S{0,6}(?:频繁|过快|过多|太快|太多)|频率\S{0,4}(?:超|限制|过高|过快|太快|太高)",
            r"请求(?!体)\S{0,4}(?:超限|超出限制)",
            r"限流|限速|速率限制|(?:请求|任务)(?:数|量|次数)\S{0,6}(?:超|上限|达到)|并发\S{0,6}(?:超|上限|限制|过高|达到)",
        ),
    ),
    (
        "money_hint",
        (
            r"\b(?:purchase|buy|add) (?:\w+ ){0,2}credits?|\btop[ -]?up\b|\brecharge\b|\bbilling\b",
            r"充值|续费|账单",
        ),
    ),
    (
        "not_found",
        (
            r"\b"
            + _JOB
            + r"(?:s|_id|[ _]id)?\b(?!.{0,30}\bimage).{0,60}?\b(?:not[ _-](?:be )?found|does(?: not|n't) exist|not exist|no longer exists?|could ?n[o']t be found|cannot be found|unknown)",
            r"\b(?:no such|unknown|cannot find|could not find|can't find|nonexistent) (?:\w+ )?"
            + _JOB,
            r"\binvalid url \((?:get|post|put)\b",
            r"(?:任务|视频|作业|记录|资源|模型|接口)(?! ?url).{0,30}?(?:不存在|未找到|找不到|没有找到)|(?:找不到|未找到|不存在).{0,8}(?:任务|视频|记录|模型|资源)",
        ),
    ),
    (
        "permission",
        (
            r"\bpermission[ _-]?denied|\b(?:does|do|did)(?: not|n't) have (?:\w+ ){0,2}(?:permission|access)|\bno (?:permission|access)\b|\binsufficient permission",
            r"\b(?:not|isn't) (?:authori[sz]ed|allowed|permitted|entitled) to (?:access|use|call)|\baccess denied|\bunauthori[sz]ed\b",
            r"\bip\b.{0,40}\b(?:not (?:allowed|in|permitted|on)|whitelist|allow ?list|denied|forbidden|blocked)",
            r"无权(?:限|访问|使用|调用)?|没有(?:访问|使用|调用)?.{0,8}权限|权限不足|缺少权限|未授权|不在.{0,12}(?:白名单|允许)|白名单",
        ),
    ),
    (
        "mistake",
        (
            r"\bprompt\b.{0,40}\b(?:too long|exceeds?|empty|blank|required|missing|must)|\bmaximum (?:allowed |prompt )?(?:length|size)|\blength limit exceeded|\b(?:payload|request entity|body) too large",
            r"\b"
            + _FIELD
            + r"\b.{0,40}?\b(?:not supported|unsupported|must be|should be|is required|not available|out of range|too (?:large|small|long|short|big)|exceeds?)",
            r"\b(?:unsupported|invalid|missing|unknown|illegal) (?:required )?(?:value for |parameter:? ?|field:? ?)?['\"`]?"
            + _FIELD,
            r"\bmust be (?:one of|between)\b|\bexpected request with\b",
            _FIELD_ZH
            + r".{0,12}(?:无效|不支持|错误|过长|过大|超过|超出|不能为空|不合法|缺失|有误)|不支持.{0,10}"
            + _FIELD_ZH
            + r"|请求体过大|缺少.{0,6}参数",
        ),
    ),
    (
        "generic_mistake",
        (
            r"\binvalid[ _-](?:argument|request|input|param\w*|value|json|body|format|type|size|url)|\bbad[ _]request\b|\bvalidation\b|\bis required\b|\bunprocessable",
            r"(?:请求|参数|数据)(?:格式)?(?:错误|无效|不合法|有误)",
        ),
    ),
    (
        "trouble",
        (
            r"\bbad gateway|\bgateway time-?out|\bservice (?:is )?(?:temporarily )?unavailable|\bupstream (?:error|timeout|connect|request|service)|\boverloaded\b|\bfail to fetch task|\bdo request failed|\bget (?:task|channel) failed|\berror code: (?:5\d\d|10\d\d)\b",
            r"系统繁忙|服务(?:暂时?)?不可用|服务繁忙|上游.{0,8}(?:错误|异常|超时|繁忙|饱和)|网关(?:超时|错误)",
        ),
    ),
)

# Codes that say it alone, written with single underscores; errors' `type` is never trusted.
CODES: tuple[tuple[Meaning, str], ...] = (
    ("banned", r"account_(?:deactivated|suspended|banned|disabled)|user_(?:banned|disabled)"),
    (
        "moderated",
        r"(?:\w+_)?content_moderat(?!\w*(?:service|unavailable|timeout))\w*|moderation_(?:blocked|failed|rejected|error_blocked)|(?:\w+_)?moderated|(?:\w*_)?content_policy\w*|(?:\w+_)?policy_?violation|content_?filter\w*|\w*sensitive_?(?:words?|content)\w*|data_?inspection_?failed|safety_(?:violation|block\w*|filter\w*)|\w*unsafe_\w+|nsfw\w*|prohibited_content|\w*csam\w*|(?:prompt|input|output|content)_(?:blocked|rejected|flagged|moderation|violation)|violation_fee\w*|responsibleaipolicyviolation",
    ),
    ("no_channel", r"no_available_channel\w*|get_channel_failed|no_channel"),
    (
        "bad_key",
        r"(?:invalid|incorrect|missing|expired|wrong)_(?:api_)?(?:key|token)|invalid_authentication|authentication_(?:error|failed)|unauthenticated|(?:api_key|token)_(?:expired|invalid|revoked|disabled)",
    ),
    (
        "money",
        r"insufficient_(?:\w+_)?(?:quota|balance|credits?|funds?)|\w*quota_(?:exceeded|exhausted|not_enough)|pre_consume\w*quota_failed|billing_\w+|payment_required|out_of_credits?|credit\w*_exhausted|spending_limit\w*|arrearage",
    ),
    ("rate", r"(?:\w+_)?rate_limit\w*|too_many_requests|requests_limit_exceeded|throttl\w+"),
    (
        "not_found",
        r"(?:task|video|job|request|model|generation)_not_(?:exists?|found)|not_found|notfound",
    ),
    ("permission", r"permission_denied|access_denied|unauthorized|forbidden|model_not_allowed"),
    (
        "mistake",
        r"invalid_(?:argument|request|request_error|parameter|param|size|image|prompt|duration|resolution|value|input)|parameter_error|bad_request|unsupported_\w+|missing_required_parameter|prompt_too_long",
    ),
    ("trouble", r"fail_to_fetch_task|do_request_failed|bad_gateway|service_unavailable"),
)
