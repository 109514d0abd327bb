package risk

import "strings"

// The expressions of the rubric. Where one cannot say all of a rule, because it
// would have to look ahead or behind, the function beside it does.
const (
	importLine pattern = iota
	schemaWord
	schemaChange
	destructive
	alterTable
	dataDefinition
	peopleData
	dataWrite
	paymentCall
	cipherParameter
	protection
	constantReturn
	weakened
	yamlLoad
	secretKey
	constantTime
	grant
	softGrant
	moneySum
	errorHandling
	swallowed
	concurrency
	network
	databaseQuery
	route
	flagCall
	exposure
	guardStatement
	refusal
	logicWord
	branch
	downMark
	upMark
	privilegedCI
	publicGo
	publicJS
	publicPython
	publicJava
	publicJavaMember
	publicJavaTest
	publicRust
	publicCSharp
	publicPHP
	publicRuby
	publicKotlin
	publicSwift
	tracked
	outbound
	tuned

	// Those from here on are asked of few lines, and have no hints.
	hinted
)

const (
	downPath = hinted + iota
	bypass
	dependencyInfo
	dependencyOwn
	dependencyNew
	runtimeVersion
	fieldLine
	errorReturn
	discarded
	grantItem
	flagName
	agentPath
	nilGuard
	routeGuard
	plainPair
	flagBranch
	flagOrUnless
	listEntry
	version
	awaits
	patterns // how many there are
)

// oneOf joins alternatives.
func oneOf(alternatives ...string) string { return strings.Join(alternatives, "|") }

// words is an expression for one of the words in list, whole.
func words(list string) string { return `\b(` + strings.Join(strings.Fields(list), "|") + `)\b` }

const (
	ignoreCase = `(?i)`
	destroys   = `\bdelete\s+from\s+\w+\s*(;|$|"|'|` + "`" + `)`
)

var expressions = [patterns]string{
	importLine: `^(` + oneOf(
		`import\b`, `from\s+\S+\s+import`, `use\s+[\w:]+`, `using\s+[\w.]+;`, `require(_relative)?\b`, `#include`,
		`package\s`, `\}\s*from\s`, `export\s+(\*|\{[^}]*\})\s+from`, `(const|let|var)\s+[\w{},\s]+=\s*require\(`,
		`"[\w./-]+"$`, `[\w.]*\s*"[\w.-]+(/[\w.@-]+)+"$`,
	) + `)`,
	schemaWord: oneOf(
		`\b(ALTER|CREATE|DROP)\s+(TABLE|INDEX|COLUMN|VIEW)\b`, `\b(alter|create|drop)(Table|Column|Collection)\b`,
		`CollectionByName`, `Migration\b`,
	),

	// What a statement does to a schema, in SQL and in its builders.
	schemaChange: ignoreCase + oneOf(
		`\bdrop\s+(table|column|schema|database|index|view|type|constraint|foreign|primary)\b`,
		`\btruncate\s+(table\s+)?\w`, destroys,
		`\balter\s+table\b.*\b(drop|rename|modify|change)\b`, `\balter\s+column\b.*\btype\b`,
		`\brename\s+(column|table|to)\b`, `\bset\s+not\s+null\b`,
		`\.(dropColumns?|dropTable(IfExists)?|renameColumn|renameTable|removeColumn|removeField)\(`,
		`\.(dropUnique|dropForeign|dropIndex|dropPrimary|deleteMany|deleteCollection|dropCollection|dropDatabase)\(`,
		words(`remove_column drop_table rename_column change_column drop_column alter_column remove_index`),
		`\bop\.(drop_\w+|alter_column)\(`, `\bRenameField`, `RemoveField`, `DeleteModel\b`,
	),
	destructive: ignoreCase + oneOf(
		`\bdrop\s+(table|column|schema|database|type)\b`, `drop\s+constraint\s+\w*_pkey`, `drop\s+primary`,
		`\btruncate\s+(table\s+)?\w`, destroys,
		`\brename\s+(column|table)\b`, `\balter\s+column\b.*\btype\b`,
		`\.(dropColumns?|dropTable(IfExists)?|renameColumn|renameTable|removeColumn|removeField)\(`,
		`\.(dropCollection|dropDatabase)\(`,
		words(`remove_column drop_table rename_column drop_column change_column`),
		`\bop\.drop_(table|column)\(`, `\b(RenameField|RemoveField|DeleteModel)\(`,
	),
	alterTable:     ignoreCase + `\balter\s+table\b.*\bdrop\s+\w`,
	dataDefinition: ignoreCase + `\b(alter|create|drop|add\s+(column|primary|constraint)|references|primary\s+key)\b`,
	peopleData: ignoreCase +
		words(`role_permission permissions? roles? users? api_tokens? credentials? sessions? accounts?`),
	dataWrite: ignoreCase + words(`insert update delete`),

	// Money, keys, protection.
	paymentCall:     oneOf(`\b(stripe|braintree|adyen|paypal|paddle)\.\w+\.\w+\(`, `\.(charge|refund|capture|payout)\(`),
	cipherParameter: ignoreCase + `\b\w*(salt|nonce|iterations|work_?factor|kdf|padding|cipher_?mode|key_?size|key_?len|hash_?alg)\w*\b`,
	protection: ignoreCase + oneOf(
		`\.use\(.*(csrf|auth|protect|helmet|cors|rate|permission|guard)`, `middleware.*(auth|csrf)`,
		`@(csrf_protect|login_required|PreAuthorize)`,
	),
	constantReturn: `^\s*return\s+(nil|true|True|next\(\)|Ok\(\(\)\)|Ok\(true\)|Promise\.resolve\(true\))\s*;?\s*((//|#).*)?$`,
	weakened: oneOf(
		`InsecureSkipVerify:\s*true`, `rejectUnauthorized:\s*false`, `verify\s*=\s*False`, `CERT_NONE`,
		`ssl_verify.*false`, `\balg\w*["']?\s*[:=]\s*["']none["']`, `\bmd5\.(New|Sum)`,
		`createHash\(["'](md5|sha1)`, `hashlib\.(md5|sha1)`, `\bMODE_ECB\b`, `NODE_TLS_REJECT_UNAUTHORIZED`,
		`danger_accept_invalid`, `setHostnameVerifier`, `ALLOW_ALL_HOSTNAME`, `strictHostKeyChecking\W+no`,
		`Access-Control-Allow-Origin["']?\s*[:,]\s*["']\*`, `dangerouslySetInnerHTML`, `shell\s*=\s*True`,
		`\beval\(`, `pickle\.loads?\(`, `math/rand"$`,
	),
	yamlLoad: `yaml\.load\(`,
	secretKey: oneOf(
		`-----BEGIN (RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----`, `AKIA[0-9A-Z]{16}`, `gh[pousr]_[A-Za-z0-9]{36}`,
		`xox[baprs]-[A-Za-z0-9-]{20,}`, `sk_live_[A-Za-z0-9]{16,}`, `AIza[0-9A-Za-z_-]{35}`,
	),
	constantTime: oneOf(
		`ConstantTimeCompare`, `timingSafeEqual`, `compare_digest`, `hmac\.Equal`, `MessageDigest\.isEqual`,
		`secure_compare`, `hash_equals`, `fixed_time_eq`, `verify_slice`,
	),
	grant: oneOf(
		`verbs:\s*\[.*\*`, `resources:\s*\[.*(secrets|\*)`,
		`"?(Action|Resource|Principal)"?\s*[:=]\s*\[?"\*`, `permissions:\s*write-all`,
		`roles/(owner|editor|\w+\.admin)`, `GRANT\s+(ALL|SELECT|INSERT|UPDATE)`,
		`chmod\s+(-R\s+)?[0-7]*7[0-7]{0,2}7`, `privileged:\s*true`, `runAsUser:\s*0`, `hostNetwork:\s*true`,
	),
	grantItem: `^-\s*"?(secrets|\*)"?\s*$`,
	softGrant: `^-?\s*verbs:|^-\s*"?(create|update|patch|delete|escalate|bind|impersonate|deletecollection)"?\s*$`,
	moneySum: oneOf(
		`\w\s*[*]\s*[A-Za-z(]`,
		`\b(round|floor|ceil|trunc|toFixed|Round\w*|Math\.\w+|math\.(Round|Floor|Ceil|Trunc)|parseFloat|parseInt`+
			`|float64|float32|float|int|int64|Decimal|BigDecimal|setScale|quantize|divide|div|RoundingMode)\b`,
		`[*/]\s*\(?\s*\d`, `\d\s*[*/]`, `[-+*/]=`,
	),

	// Robustness.
	errorHandling: oneOf(
		`\bif\s+err\s*!=\s*nil`, words(`catch except raise throw rescue finally assert`),
		`\.catch\(`, `\berrors\.(Is|As|New|Wrap)`, `\bfmt\.Errorf`, `\bErr\(`, `map_err`, `\?\s*;`,
		`\bdefer\b.*(Close|Unlock|Rollback|cancel)`,
	),
	errorReturn: `\breturn\b.*\berr\b`,
	discarded:   `^_\s*=\s*\w+[\w.]*\(`,
	swallowed: oneOf(
		`\bexcept\b[^:]*:\s*(pass)?$`, `catch\s*(\(\w*\))?\s*\{\s*\}`, `\.unwrap\(\)`,
		`@SuppressWarnings`, `#\s*nosec`, `//\s*nolint`, `eslint-disable`, `# type: ignore`, `@ts-ignore`,
	),

	// Subjects that are told by calls rather than by words.
	concurrency: oneOf(
		`\bclose\(\w*[cC](h|hs|han\w*)?\)`,
		`\b(`+oneOf(
			`sync\.(RW)?Mutex`, `sync\.(WaitGroup|Once|Pool|Map|Cond)`, `atomic\.\w+`, `go\s+func\b`,
			`go\s+\w[\w.]*\(`, `make\(chan\b`, `<-\s*\w`, `\bselect\s*\{`, `\.(R?Lock|R?Unlock|TryLock)\(\)`,
			`synchronized\b`, `volatile\b`, `ReentrantLock`, `ConcurrentHashMap`, `ExecutorService`,
			`CompletableFuture`, `threading\.`, `asyncio\.(gather|create_task|Lock|Semaphore|wait|Queue)`,
			`ThreadPoolExecutor`, `Promise\.(all|race|any|allSettled)`, `new\s+Worker\(`,
			`tokio::(spawn|select|sync)`, `Arc<`, `Mutex<`, `RwLock<`, `mpsc::`, `DispatchQueue`, `Mutex\.new`,
			`Thread\.new`, `errgroup`, `singleflight`, `context\.With(Cancel|Timeout|Deadline)`,
			`time\.(NewTicker|AfterFunc|NewTimer)`, `setInterval\(`, `CompareAndSwap`, `compareAndSet`,
			`compare_exchange`,
		)+`)`,
	),
	network: oneOf(
		`\bhttp\.(Get|Post|Client|NewRequest\w*|Transport|Server|Serve\w*)`, `\bnet\.(Dial|Listen)\w*`, `\bfetch\(`,
		`\baxios\b`, `\brequests\.(get|post|put|delete|request)`, `\bhttpx\.`, `\burllib`, `RestTemplate`,
		`WebClient`, `HttpClient`, `OkHttp`, `Retrofit`, `reqwest`, `\bgrpc\.`, `\.Dial(Context)?\(`, `Net::HTTP`,
		`Faraday`, `curl_`, `GuzzleHttp`, `URLSession`, `new\s+WebSocket`, `EventSource`, `\.(withRetry|retry)\(`,
		`[Rr]etry`, `[Tt]imeout`, `[Bb]ackoff`, `redis\.`, `s3\.`, `kafka`, `boto3`,
		`os\.(Open|Create|Remove|Rename|WriteFile)\w*`, `fs\.(write|unlink|rename|rm)\w*`, `Cache-Control`,
	),
	databaseQuery: oneOf(
		`\b(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|CREATE\s+(TABLE|INDEX|UNIQUE|TYPE)|ALTER\s+TABLE)\b`,
		`\.(createTable|addColumn|table|alterTable|string|integer|timestamp)\(\s*["']`,
		`\.(Exec|Query|QueryRow)(Context)?\(`, `\.where\(`,
		`\.(insert|update|upsert|findOneAndUpdate|updateMany|updateOne|bulkWrite|deleteOne)\(`,
		`BEGIN\b`, `COMMIT\b`, `SET\s+TRANSACTION`,
	),

	// What is reachable from outside, and what is behind a flag.
	route: oneOf(
		`\.Use\(`, `\.(HandleFunc|Handle|Mount|Route|GET|POST|PUT|PATCH|DELETE)\(`,
		`\b(router|app|this)\.(get|post|put|patch|delete|route|use)\(`, `@(Get|Post|Put|Delete|Patch|Request)Mapping`,
		`@(app|router|bp|blueprint)\.(route|get|post|put|delete)`, `\.Methods\(`, `path\(r?["']`, `http\.Handle`,
	),
	routeGuard: ignoreCase + `middleware|auth|\.use\(|guard|interceptor`,
	flagCall: oneOf(
		words(`isEnabled is_enabled IsEnabled useFlag useUiFlag boolVariation BoolVariation bool_variation variation
			getVariant get_variant GetVariant useVariant getBooleanValue getBooleanDetails get_boolean_value
			BooleanValue useBooleanFlagValue useFeatureIsOn useFeatureFlag feature_enabled isFeatureEnabled isOn
			checkGate check_gate useGate flagResolver`),
		`flags?\.\w+\b`, `\.Bool\("`,
	),
	flagBranch:   `\bif\b|\?|&&`,
	flagOrUnless: `\bif\b|\?|&&|unless|when`,
	exposure: ignoreCase + oneOf(
		`pprof`, `middleware\.Profiler`, `/debug\b`, `expvar`, `actuator`, `DEBUG\s*=\s*True`, `0\.0\.0\.0`,
	),

	// Guards and logic.
	guardStatement: oneOf(
		`\b(if|unless|guard|require|assert)\b.*`,
		`\b(verify|check|authorize|ensure|validate|require|forbid|deny|can|has(Permission|Role|Access|Scope))\w*\(`,
		`@(PreAuthorize|Secured|RolesAllowed|login_required|permission_required|requires_auth|UseGuards)`,
	),
	refusal:  `Forbidden|Unauthori[sz]ed|Unauthenticated|PermissionDenied|AccessDenied|\b40[13]\b`,
	nilGuard: ignoreCase + `\bif\b.*\b(nil|null|none|undefined)\b$`,
	bypass:   ignoreCase + `bypass|skip|unsafe|allow_?all|disable|force`,
	logicWord: words(`if else elif switch case match when for while return throw raise break continue try catch except
		finally unless until yield await goto defer guard`) + `|\?\s`,
	plainPair: `^[\w"']+\s*:\s*[\w"']+,?$`,
	branch:    words(`if else elif switch case for while catch except match when unless`) + `|&&|\|\|`,
	awaits:    `\bawait\b`,

	// Tables of permissions, migrations, versions, CI.
	listEntry: "^[\"'`]?[\\w.:*-]+[\"'`]?,?$",
	downMark: ignoreCase + oneOf(
		`exports\.down\b`, `def downgrade\b`, `\+goose Down`, `migrate:down`, `\bdown\s*\(`, `async down`,
		`export (async )?function down`, `def self\.down`, `def down\b`, `@Rollback`, `rollback\s*\{`,
	),
	upMark: ignoreCase + oneOf(
		`exports\.up\b`, `def upgrade\b`, `\+goose Up`, `migrate:up`, `\bup\s*\(`, `async up`,
		`export (async )?function up`, `def self\.up`, `def up\b`,
	),
	downPath:     `(\.|_|-)down\.|(^|/)down\.`,
	version:      `\bv?\d+\.\d+(\.\d+)?([-+.][\w.]+)?\b`,
	privilegedCI: `secrets\.|pull_request_target|permissions:|:\s*write\b|curl .*\|\s*(ba)?sh|id-token`,

	// Declarations that others may use, by language.
	publicGo: oneOf(
		`^func\s+(\([^)]*\)\s*)?[A-Z]\w*[\[(]`, `^type\s+[A-Z]\w*`, "^\\t?[A-Z]\\w*\\s+[\\w.\\[\\]*]+\\s+`",
		`^(const|var)\s+[A-Z]\w*`, `^\t[A-Z]\w*\s*(=|$)`, `^\t[A-Z]\w*\(`,
	),
	publicJS: oneOf(
		`^\s*export\s+(default\s+)?(async\s+)?(function|class|const|let|interface|type|enum|abstract)\b`,
		`^\s*module\.exports`, `^\s*(router|app)\.(get|post|put|patch|delete)\(`,
	),
	publicPython:     `^(async\s+)?def\s+[a-zA-Z]\w*\(|^class\s+[A-Z]\w*|^\s{4}(async\s+)?def\s+[a-z]\w*\(`,
	publicJava:       `^\s*public\s+[\w<>\[\], ]+[({]`,
	publicJavaMember: `^\s*(<\w+>\s+)?\w+\s+\w+\([^)]*\)(\s+throws[^;]*)?;`,
	publicJavaTest:   `^\s*public\s+.*\bclass\s+\w*Test`,
	publicRust:       `^\s*pub\s+(async\s+)?(fn|struct|enum|trait|const|type)\b`,
	publicCSharp:     `^\s*public\s+[\w<>\[\], ]+[({]`,
	publicPHP:        `^\s*public\s+(static\s+)?function\b`,
	publicRuby:       `^\s*def\s+(self\.)?\w+`,
	publicKotlin:     `^\s*(public\s+)?(suspend\s+)?fun\s+\w+`,
	publicSwift:      `^\s*(public|open)\s+(func|class|struct|var|let)\b`,

	// Lines of a file of dependencies.
	dependencyInfo: `"?(version|appVersion|name|description|license|author)"?\s*[:=]`,
	dependencyOwn:  `"version"|^version\s*=`,
	dependencyNew:  `[:=]\s*["{]`,
	runtimeVersion: `^(go|toolchain)\s+\d|^.*"(node|engines)"`,
	flagName:       "\\(\\s*[\"'`]([A-Za-z0-9][\\w.~-]{0,99})[\"'`]",
	tracked:        `\b(track|experiment|variant|analytics|abTest)\w*`,
	outbound:       `\b\w*([Rr]etry|[Tt]imeout|[Cc]ache|[Bb]ackoff)\w*`,
	tuned:          `\b\w*([Bb]atch|[Pp]ool|[Ww]orkers|[Ii]nterval|[Cc]oncurrency|[Bb]uffer)\w*`,
	agentPath:      `(^|[/_-])(agents?|prompts?|llms?|assistants?|completions?)([/_.-]|$)`,
	fieldLine:      `^\w+\s+\w+`,
}
