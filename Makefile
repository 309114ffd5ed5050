# Forecourt. `make demo` and `make test` are the two commands; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CONFIGURATION ?= release
JOBS ?= $(shell nproc)
BUILD := .build/$(CONFIGURATION)
SWIFT_FLAGS := -c $(CONFIGURATION) -j $(JOBS) --explicit-target-dependency-import-check error
STATE ?= /tmp/forecourt-demo

.PHONY: help pictures demo test proof simulate mutations build programs packages unit interop bench-cases guest \
	fusioncharge example lint format bench clean fuzz sanitize link crash faults fault-table

help: ## lists what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

packages: ## installs the C libraries and tools that the build needs
	@Scripts/install-packages build

build: packages ## builds the programs
	@Scripts/step "Building (the first time takes some minutes)" swift build $(SWIFT_FLAGS)

demo: build ## charges a simulated car, from a card tap to the CSMS: BOARD=ac-wallbox
	@$(BUILD)/forecourt-bench demo --board $(BOARD)

test: ## installs, builds, and passes everything
	@Scripts/test $(CONFIGURATION)

simulate: build ## random station-days in virtual time; DAYS=1000 SEED=1 BOARD=ac-wallbox
	@$(BUILD)/forecourt-bench simulate --board $(BOARD) --days $(or $(DAYS),1000) --seed $(or $(SEED),1) \
		--keep .build/simulate

mutations: packages ## shows that the simulation finds mutated code; writes docs/mutations.md
	@Scripts/mutations $(CONFIGURATION)

unit: packages ## unit and property tests only
	@Scripts/step "Building tests" swift build $(SWIFT_FLAGS) --build-tests
	@Scripts/unit $(CONFIGURATION)

interop: build ## a CSMS (PyPI ocpp) and a Modbus (pymodbus) that are not ours, against the station
	@Scripts/interop $(BUILD)

BOARD ?= ac-wallbox
pictures: build ## every state on every display, into docs/displays; needs Chromium
	@Scripts/display-pictures $(BUILD)

bench-cases: build ## the bench's cases on a board, with a report in .build/report: BOARD=ac-dual
	@$(BUILD)/forecourt-bench run --board $(BOARD) --report .build/report

KILLS ?= 200
crash: build ## kills, power cuts and full disks at random instants; KILLS=200
	@$(BUILD)/forecourt-bench crash --board ac-wallbox --kills $(KILLS) --report .build/crash.json

# What alternating current has already is not run again with direct current: those boards come last.
FAULT_BOARDS ?= ac-wallbox ac-dual ac-threephase-22kw ac-wallbox-evse-controller docs/examples/safety-controller \
	Tests/Boards/slow-lines Tests/Boards/io-cards dc-dual-connector dc-dual-evse dc-power-cabinet
faults: build ## every fault of these boards at every moment, into docs/faults.md: FAULT_BOARDS="ac-wallbox ac-dual"
	@$(MAKE) --no-print-directory fault-table OUTPUT=docs/faults.md

# The same without a build, for `make proof`.
fault-table:
	@$(BUILD)/forecourt-bench faults $(FAULT_BOARDS:%=--board %) --output $(OUTPUT)

guest: packages ## drivers on real kernel devices in a QEMU guest, and GOOSE in a network namespace
	@Scripts/step "Building tests" swift build $(SWIFT_FLAGS) --build-tests
	@Scripts/gpio-guest $(BUILD)
	@Scripts/goose-namespace $(BUILD)

fusioncharge: build ## FusionCharge against EVerest's dispenser and cabinet, which it fetches and builds
	@Scripts/fusioncharge-interop $(BUILD)

example: build ## builds the example plugin package and checks its board
	@Scripts/check-example-plugin

fuzz: packages ## searches inputs that break a decoder: MINUTES=2 each, TARGET=… for some
	@Scripts/fuzz -m $(or $(MINUTES),2) $(TARGET)

sanitize: packages ## all tests under the thread, then the address sanitizer: SANITIZER=… for one
	@Scripts/sanitize $(or $(SANITIZER),thread address)

link: build ## mistreats a station's connection in every way; 2,000 reconnections over TLS
	@$(BUILD)/forecourt-bench link --board ac-wallbox --reconnections $(or $(RECONNECTIONS),2000)

soak: build ## charges car after car for an hour, and watches memory and deadlines: MINUTES=…
	@$(BUILD)/forecourt-bench soak --board ac-wallbox --minutes $(or $(MINUTES),60)

proof: packages ## the campaigns, which take their time: simulation, crashes, faults, link, soak, fuzzing, sanitizers
	@Scripts/proof $(CONFIGURATION)

lint: ## format and import rules
	@swift format lint --strict --recursive Package.swift Sources Plugins Tests Benchmarks
	@Scripts/check-imports

format: ## formats the sources in place
	@swift format --in-place --recursive Package.swift Sources Plugins Tests Benchmarks

programs: packages ## builds the programs as they ship: Swift's libraries inside, in .build/static
	@Scripts/programs

bench: ## speed and memory beside references, as a table; ONLY=latency SCALE=0.1 REPETITIONS=2
	@Scripts/bench

clean: ## removes what was built
	@rm -rf .build .build-fuzz .build-thread .build-address
