# The two commands: `make run` builds the product and runs it in demo mode; `make test` runs every test.
# Whatever they need that is not there is installed once, and named while it is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BINDGEN_VERSION := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
BINDGEN := target/tools/bin/wasm-bindgen
NODE := end2end/node_modules
SITE := target/site
UI := $(shell find app/client -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

.PHONY: help run test bench site

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: site ## Builds and runs the demo: http://127.0.0.1:3000
	@echo "· building the server (a few minutes the first time)"
	cargo build --release --locked --bin shieldwall
	exec target/release/shieldwall demo

test: site ## Runs every test: rules, store, API, browser, budgets
	end2end/tools/check-tools.sh postgres
	end2end/tools/check-tools.sh strace
	end2end/tools/check-tools.sh proxies
	end2end/tools/check-tools.sh chromium
	@echo "· checking style"
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	@echo "· running the Rust tests"
	cargo test --locked --no-fail-fast
	cargo build --locked --bin shieldwall
	@echo "· checking the API's description"
	end2end/tools/check-tools.sh python
	end2end/tools/description.sh
	@echo "· checking the budgets"
	node end2end/tools/budgets.mjs
	@echo "· running the browser tests"
	cd end2end && npx playwright test

bench: site ## Measures the speed of pushes, streams and pages (takes minutes)
	cargo build --release --locked --bin shieldwall --bin shieldwall-bench
	exec target/release/shieldwall-bench

site: $(SITE)/.built ## Builds what the browser loads: WASM, scripts, styles

$(SITE)/.built: $(UI) $(wildcard public/*) $(wildcard style/*.css) end2end/tools/site.mjs $(NODE)/.installed | $(BINDGEN)
	end2end/tools/check-tools.sh wasm
	@echo "· building the browser's part (a few minutes the first time)"
	cargo build --locked --package client --target wasm32-unknown-unknown --profile wasm
	$(BINDGEN) --target web --no-typescript --out-dir target/wasm-bindgen --out-name app target/wasm32-unknown-unknown/wasm/client.wasm
	node end2end/tools/site.mjs
	touch $@

$(BINDGEN): Cargo.lock
	@if [[ "$$($(BINDGEN) --version 2>/dev/null)" != "wasm-bindgen $(BINDGEN_VERSION)" ]]; then \
	  echo "· installing wasm-bindgen $(BINDGEN_VERSION) (a minute or two, once)"; \
	  CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug wasm-bindgen-cli --version $(BINDGEN_VERSION) --root target/tools --target-dir target/tools/build --quiet \
	    || { echo "wasm-bindgen $(BINDGEN_VERSION) could not be installed; is the crate registry reachable?" >&2; exit 1; }; \
	  rm -rf target/tools/build; \
	fi
	@touch $@

$(NODE)/.installed: end2end/package.json end2end/package-lock.json
	end2end/tools/check-tools.sh node
	@echo "· installing the Node packages (wasm-opt, lightningcss, Playwright; once)"
	cd end2end && npm ci --no-audit --no-fund --loglevel=error \
	  || { echo "the Node packages could not be installed; is the npm registry reachable?" >&2; exit 1; }
	touch $@
