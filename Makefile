# `make` lists the targets.

export CGO_ENABLED := 0

TIMEOUT := 15m
LINT    := $(CURDIR)/bin/golangci-lint
NODE    := test/node_modules/.package-lock.json
UNLEASH := test/conformance/unleashserver/node_modules/.package-lock.json
MODULES := . sdk/openfeature sdk/otel test test/bench test/bench/peers

# each runs a command in every module, until one fails.
each = set -e; for module in $(MODULES); do (cd $$module && $(1)); done

.DEFAULT_GOAL := help
.PHONY: help build test conformance conformance-mcp deps system lint race simulate ablation bench bench-eval bench-plane bench-edge bench-evidence bench-verdict bench-audit bench-peers fuzz-diff bench-smoke soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the static binary, bin/lockflight
	go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/lockflight

test: deps ## vet and test all modules; installs what the tests need
	$(call each,go vet ./... && go test -timeout $(TIMEOUT) ./...)

conformance: build system $(UNLEASH) ## 300 requests to Unleash's own server and to ours, whose answers have to agree
	cd test && go run ./conformance/unleashserver -lockflight ../bin/lockflight

conformance-mcp: deps ## the MCP server: the official suite with its baseline, and the stock client with every tool
	cd test && go test ./conformance/mcp -count 1 -v

deps: system $(NODE) ## PostgreSQL, Node.js and the clients of other people that tests run

system:
	@scripts/deps

$(NODE): test/package.json test/package-lock.json | system
	cd test && npm ci --no-progress
	@touch $@

$(UNLEASH): test/conformance/unleashserver/package.json test/conformance/unleashserver/package-lock.json | system
	cd test/conformance/unleashserver && npm ci --no-progress
	@touch $@

lint: $(LINT) ## golangci-lint over all modules
	$(call each,$(LINT) run ./...)

$(LINT): tools/go.mod tools/go.sum
	cd tools && GOBIN=$(dir $(LINT)) go install tool
	@touch $@

# -short makes simulations smaller; it skips no test.
race: export CGO_ENABLED := 1
race: deps ## all modules under the race detector, with smaller simulations
	$(call each,go test -race -short -timeout $(TIMEOUT) ./...)

SEED := 20261123

simulate: ## the gate's statistics at full size (V1-V15); SEED=0 takes a fresh seed
	go test -run TestSimulate -count 1 -v -timeout 2h ./internal/gate ./internal/gate/drift -args -simulate -seed $(SEED)

ablation: ## which signal catches which fault of examples/supportapp: writes docs/ablation.md
	go test -run TestAblation -count 1 -v -timeout 2h ./examples/supportapp/support -args -ablation -seed $(SEED) \
		-commit $$(git rev-parse --short HEAD) -write $(CURDIR)/docs/ablation.md

bench: ## all benchmarks, ten times each, for benchstat
	go test -run '^$$' -bench . -benchmem -count 10 -timeout 2h ./...

bench-eval: ## a check through the SDK against its floor; fails where a limit is missed
	cd test/bench && go run ./eval

bench-plane: ## a control plane of 10,000 flags: start, toggles, documents, memory; fails where a limit is missed
	cd test/bench && go run ./plane

bench-edge: ## an edge beside a plain server that answers with as many bytes: requests, streams, toggles; fails where a limit is missed
	cd test/bench && go run ./edge

bench-evidence: ## evidence taken in, beside a plain decode of the same bytes; fails where a limit is missed
	cd test/bench && go run ./evidence

bench-verdict: ## from bad evidence to the last of 1,000 SDKs serving control; fails where a limit is missed
	cd test/bench && go run ./verdict

bench-audit: ## a pack of a million records, verified: time and memory; fails where a limit is missed
	cd test/bench && go run ./audit

bench-peers: ## the same against other SDKs, whose answers are checked first
	cd test/bench/peers && go run .

fuzz-diff: ## our hash and version order against others', 10 million random pairs each
	go test -tags differential -run Differential -count 1 -v ./sdk/eval

bench-smoke: ## all benchmarks once, so that none rots
	go test -run '^$$' -bench . -benchtime 1x ./...

soak: deps ## 1,000 times kill -9, 200 power cuts, 5 minutes of a failing network, an edge cut off for a minute
	cd test && LOCKFLIGHT_KILLS=1000 LOCKFLIGHT_POWER_CUTS=200 go test ./e2e -run 'TestKill$$|TestPowerCut' -count 1 -v -timeout 90m
	cd test && LOCKFLIGHT_CHAOS=5m go test ./e2e -run TestChaos -count 1 -v -timeout 30m
	cd test && LOCKFLIGHT_CHAOS=60s go test ./e2e -run TestEdgeCutOff -count 1 -v -timeout 30m

clean: ## remove what make built and installed here
	rm -rf bin test/node_modules test/conformance/unleashserver/node_modules
