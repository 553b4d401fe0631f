# Two commands matter: `make run` and `make test`. Both install what is missing (Debian packages) and build.
SHELL := /bin/bash
RUNNER := .build/release/chex-runner
OUT ?= runs/quick
PREFIX ?= /usr/local

.PHONY: setup build run test torch install lint format clean

setup:
	@scripts/setup

build: setup
	@scripts/build

run: build
	@$(RUNNER) --preset quick --out $$(scripts/free-folder $(OUT))

test:
	@scripts/test

# What --device torch:… needs beside the build: connects a PyTorch, or installs one.
torch:
	@scripts/torch

install: build
	@scripts/install $(PREFIX)

lint:
	@swift format lint --strict --recursive --parallel Sources Tests Examples Package.swift

format:
	@swift format --in-place --recursive --parallel Sources Tests Examples Package.swift

clean:
	rm -rf .build Tests/Fixtures/*/.build Examples/*/.build
