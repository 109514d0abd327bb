package risk

import (
	"regexp"
	"slices"
	"strings"
)

// Class is what a file is for.
type Class string

// The classes of files.
const (
	Lock      Class = "lock"
	Vendored  Class = "vendored"
	Generated Class = "generated"
	Test      Class = "test"
	Docs      Class = "docs"
	CI        Class = "ci"
	Example   Class = "example"
	Migration Class = "migration"
	SQL       Class = "sql"
	Dep       Class = "dep" // declares what the program depends on
	Infra     Class = "infra"
	API       Class = "api" // a contract: Protocol Buffers, GraphQL, OpenAPI
	Asset     Class = "asset"
	Tooling   Class = "tooling"
	Config    Class = "config"
	Code      Class = "code"
	Other     Class = "other"
)

// in reports whether the class is one of classes.
func (c Class) in(classes ...Class) bool { return slices.Contains(classes, c) }

// classRule says which paths are of a class. Each list holds expressions with
// white space between them, matched whatever the case of letters.
type classRule struct {
	class Class
	dirs  string // a directory on the way to the file
	names string // the file, with directories where the expression has them
	ends  string // how the path ends
}

// classRules are asked in this order: the first that fits tells the class.
var classRules = []classRule{
	{
		class: Lock,
		names: `go\.sum go\.work\.sum package-lock\.json npm-shrinkwrap\.json yarn\.lock pnpm-lock\.yaml bun\.lockb?
			cargo\.lock poetry\.lock uv\.lock pipfile\.lock gemfile\.lock composer\.lock gradle\.lockfile
			packages\.lock\.json [\w-]*test\.sum package\.resolved podfile\.lock mix\.lock flake\.lock`,
	},
	{class: Vendored, dirs: `vendor third_party node_modules bower_components \.licenses`},
	{
		class: Generated,
		dirs:  `dist generated __generated__ gen openapi/models __snapshots__ mocks?`,
		names: `sitemap\.xml.*`,
		ends: `\.pb\.go \.pb\.gw\.go _pb2(_grpc)?\.pyi? _grpc\.pb\.go \.g\.dart _gen\.go zz_generated[\w.]* _generated\.\w+
			\.generated\.\w+ \.min\.(js|css) \.snap \.map assets_vfsdata\.go bindata\.go sql_parser\.go mock_\w+\.go
			_mock\.go _string\.go \.sum`,
	},
	{
		class: Test,
		dirs: `tests? __tests__ spec specs e2e cypress testdata fixtures? __fixtures__ __mocks__ tstest testutil testing
			integration[-_]tests? provider_tests [\w-]+[.-]tests?`,
		names: `test_[^/]+\.py conftest\.py go_test\.mod`,
		ends: `_test\.go \.(test|spec|e2e|stories)\.[cm]?[jt]sx? _test\.py
			(?-i:Test|Tests|IT|Spec)\.(java|kt|cs|scala|groovy|swift|php) _spec\.rb _test\.rs \.http _test\.[\w.]+`,
	},
	{
		class: Docs,
		names: `(LICENSE|LICENCE|NOTICE|AUTHORS|CODEOWNERS|CONTRIBUTING|CHANGELOG|CHANGES|README|SECURITY)[\w.-]*
			(MAINTAINERS|ADOPTERS|\.mailmap|CLA)[\w.-]*`,
		ends: `\.(md|mdx|rst|adoc|txt|1|5|7|8|textile) \.(1|5|8)\.html`,
	},
	{
		class: CI,
		dirs:  `\.github \.circleci \.gitlab \.buildkite \.azure-pipelines \.ldrelease`,
		names: `(\.gitlab-ci|\.travis|appveyor|azure-pipelines|bitbucket-pipelines|\.drone|cloudbuild|jenkinsfile)[\w.]*
			\.?release-please[\w.-]*\.json \.goreleaser[\w.-]*`,
	},
	{class: Example, dirs: `examples? samples? demos? playground benchmarks? bench experimental/examples`},
	{
		class: Migration,
		names: `(migrations?|migrate|db/migrate|alembic/versions|flyway|liquibase)/[^/]+(/[^/]+)?\.(sql|js|ts|go|py|rb|java|kt|xml|yaml|yml)
			\d{8,14}[-_][\w.-]+\.(sql|js|ts|py|rb) V\d+__\w+\.sql`,
		ends: `\.(up|down)\.sql`,
	},
	{class: SQL, names: `schema\.rb`, ends: `\.(sql|prisma|dbml)`},
	{
		class: Dep,
		names: `go\.mod go\.work package\.json cargo\.toml pyproject\.toml requirements[\w.-]*\.txt setup\.(py|cfg) pipfile
			gemfile [\w.-]+\.gemspec pom\.xml build\.gradle(\.kts)? gradle\.properties libs\.versions\.toml
			composer\.json [\w.-]+\.csproj directory\.packages\.props package\.swift podfile \.node-version \.nvmrc
			\.tool-versions \.go-version COMPONENT_VERSION VERSION`,
	},
	{
		class: Infra,
		dirs:  `k8s kubernetes kustomize helm helm-charts charts? deploy deployments? manifests? terraform ansible pulumi infra infrastructure`,
		names: `(dockerfile|containerfile)[\w.-]* docker-compose[\w.-]*\.ya?ml procfile`,
		ends:  `\.(tf|tfvars|hcl|bicep|nix) \.service \.dockerfile`,
	},
	{
		class: API,
		names: `(openapi|swagger|asyncapi|spec)[\w.-]*\.(ya?ml|json) api/[\w./-]*\.(ya?ml|json)`,
		ends:  `\.(proto|graphql|graphqls|avsc|thrift|cue) \.schema\.json`,
	},
	{
		class: Asset,
		names: `(locales?|i18n|lang|translations?)/[^/]+(/[^/]+)?\.(json|ya?ml|po|properties|ts|js)`,
		ends: `\.(css|scss|sass|less|svg|png|jpe?g|gif|ico|webp|woff2?|ttf|eot|pdf|mp4|webm|gz|zip|ai|csv|geojson|tsv|xlsx?)
			\.(parquet|ipynb|wasm|jar)`,
	},
	{
		class: Tooling,
		dirs:  `scripts? hack \.vscode \.idea \.claude \.cursor release/dist eslint-rules`,
		names: `makefile magefile\.go justfile taskfile\.ya?ml rakefile gulpfile\.js \.[\w-]*(rc|ignore|attributes)(\.\w+)?
			\.editorconfig \.golangci\.ya?ml \.pre-commit-config\.yaml tsconfig[\w.]*\.json biome\.json jest\.config\.\w+
			vite(st)?\.config\.\w+ babel\.config\.\w+ webpack[\w.]*\.js rollup\.config\.\w+ esbuild\.\w+
			postcss\.config\.\w+ tailwind\.config\.\w+ eslint[\w.-]* buf(\.gen)?\.ya?ml renovate\.json dependabot\.yml
			codecov\.ya?ml gradlew(\.bat)? build\.rs create-repo\.sh build\.sh`,
	},
	{
		class: Config,
		names: `\.env[\w.]*`,
		ends:  `\.(ya?ml|toml|ini|conf|cfg|properties|env|json|jsonc|xml|dist|tmpl|pem|crt|key)`,
	},
	{
		class: Code,
		ends: `\.(go|ts|tsx|js|jsx|mjs|cjs|mts|cts|py|pyi|java|kt|kts|cs|rb|php|rs|swift|scala|c|cc|cpp|cxx|h|hpp|m|mm|dart)
			\.(ex|exs|erl|clj|elm|hs|vue|svelte|lua|sh|bash|ps1|sol|groovy|ego|erb|y|html|pl|r)`,
	},
}

// Expressions that are asked about a path beside those of its class.
const (
	docsDir      = `(?i)(^|/)(docs?|documentation|website|websitev2|site)/`
	programEnd   = `(?i)\.(go|py|rb|rs|java)$` // in a docs directory it is a program all the same
	numberedName = `(^|/)(V|[\w]*_)?\d{3,}[\w.-]*$|(^|/)[\w.-]*\d{4,}[\w.-]*$|alembic/versions/`
	uiPath       = `(?i)\.(tsx|jsx|vue|svelte|elm|html|ego|erb|css)$|(^|/)(frontend|front-end|ui|web|components?|pages|views)/`
)

// classTable is the compiled form of the rules above.
type classTable struct {
	rules                         []*regexp.Regexp // in the order of classRules
	docsDir, programEnd, numbered *regexp.Regexp
	ui                            *regexp.Regexp
	automaton                     automaton
	always                        hints
}

func newClassTable() classTable {
	t := classTable{
		docsDir: regexp.MustCompile(docsDir), programEnd: regexp.MustCompile(programEnd),
		numbered: regexp.MustCompile(numberedName), ui: regexp.MustCompile(uiPath),
	}
	literals := map[string]hints{}
	t.always |= addNeeds(literals, uiPath, uiHint)
	for i, rule := range classRules {
		expression := rule.expression()
		t.rules = append(t.rules, regexp.MustCompile(expression))
		t.always |= addNeeds(literals, expression, 1<<i)
	}
	t.automaton = newAutomaton(literals)
	return t
}

// uiHint is beyond the bits of the rules.
const uiHint hints = 1 << 63

// isUI reports whether a path is of a user interface.
func isUI(path string) bool {
	t := &lexicon().classes
	return (t.automaton.scan(path)|t.always)&uiHint != 0 && t.ui.MatchString(path)
}

// expression joins the lists of a rule.
func (r classRule) expression() string {
	var parts []string
	for _, list := range []struct{ before, items, after string }{
		{`(^|/)`, r.dirs, `/`}, {`(^|/)`, r.names, `$`}, {``, r.ends, `$`},
	} {
		if items := strings.Fields(list.items); len(items) > 0 {
			parts = append(parts, list.before+`(`+strings.Join(items, "|")+`)`+list.after)
		}
	}
	return `(?i)` + strings.Join(parts, "|")
}

// classify returns the class that the rules give a path, by its name alone.
func classify(path string) Class {
	t := &lexicon().classes
	worth := t.automaton.scan(path) | t.always
	for i, rule := range classRules {
		if worth&(1<<i) != 0 && t.rules[i].MatchString(path) ||
			rule.class == Docs && t.docsDir.MatchString(path) && !t.programEnd.MatchString(path) {
			return rule.class
		}
	}
	return Other
}

// classify sets the class of a file. What lies in a directory of migrations and
// has neither a number in its name nor a statement that changes a schema is a
// tool, and no migration.
func (f *file) classify() {
	f.class = classify(f.path)
	switch {
	case f.class == Docs && strings.HasSuffix(f.path, "requirements.txt"):
		f.class = Dep
	case f.class == Migration && !strings.HasSuffix(f.path, ".sql") &&
		!lexicon().classes.numbered.MatchString(f.path) && !f.changesSchema():
		f.class = Config
		if last := len(classRules) - 1; lexicon().classes.rules[last].MatchString(f.path) {
			f.class = Code
		}
	}
}

// changesSchema reports whether a changed line speaks of tables.
func (f *file) changesSchema() bool {
	for _, h := range f.hunks {
		for i := range h.lines {
			if l := &h.lines[i]; l.sign != ' ' && schemaWord.in(l.raw) {
				return true
			}
		}
	}
	return false
}
