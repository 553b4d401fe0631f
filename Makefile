# Two commands matter: `make run` and `make test`. Both install what is missing (Debian packages) and build.
SHELL := /bin/bash
RUNNER := .build/release/chex-runner
OUT ?= runs/quick

.PHONY: setup build run test lint format clean

setup:
	@scripts/setup

build: setup
	@scripts/build

run: build
	@$(RUNNER) --preset quick --out $$(scripts/free-folder $(OUT))

test:
	@scripts/test

lint:
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift

format:
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build Tests/Fixtures/*/.build
