# Clearway. `make` or `make help` lists the targets.
SHELL := /bin/bash
NODE = $(shell scripts/node.sh)
RUN = PATH="$$(dirname "$$(scripts/node.sh)"):$$PATH"
ARGS ?=

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  Extra words for demo: make demo ARGS="--ready-file x.json"'

.PHONY: install
install: ## Install what running from a checkout needs: npm packages, a recent Node.js, nginx, sshd.
	@scripts/install-node-modules.sh
	@scripts/install-nginx.sh
	@scripts/install-ssh.sh || test $$? = 69

.PHONY: demo
demo: install ## Try everything on this machine; Ctrl-C ends it and cleans up.
	@exec bin/clearway demo $(ARGS)

.PHONY: install-test
install-test: install ## Install what the tests need besides: Docker engine, base images, ClearML SDKs, Chromium, kubectl, kube-apiserver.
	@scripts/install-test.sh

.PHONY: test
test: install-test ## Run every check and test; ends in `N passed, N failed`.
	@scripts/run-tests.sh

.PHONY: test-long
test-long: install-test ## The same with long kill loops, long fuzzing and more versions.
	@CLEARWAY_LONG=1 scripts/run-tests.sh

.PHONY: test-defences
test-defences: ## Take every defence out of a copy, and see that its tests fail; ONLY=T8 for one.
	@$(RUN) node scripts/take-defences-out.ts $(if $(ONLY),--only $(ONLY))

.PHONY: test-unit
test-unit: ## Run the quick tests only.
	@$(RUN) npm run --silent test:unit

.PHONY: check
check: ## Run the static checks: types, lint, layers, dead code, format, generated files.
	@scripts/run-checks.sh

.PHONY: generate
generate: ## Make all generated files again: types, schemas, docs.
	@$(RUN) npm run --silent generate

.PHONY: verify
verify: ## Fail when a generated file is not what `make generate` makes.
	@$(RUN) npm run --silent verify

.PHONY: format
format: ## Format every file.
	@$(RUN) npm run --silent format

.PHONY: images
images: ## Build clearway/router and clearway/proxy, tagged with the version and latest.
	@scripts/build-images.sh

.PHONY: bench
bench: install ## Measure the data plane against a bare nginx, and the router with 10,000 tasks.
	@bench/run.sh $(ARGS)

.PHONY: clean
clean: ## Remove what was installed or made in this checkout.
	rm -rf node_modules .cache coverage
