# SPDX-License-Identifier: Apache-2.0
# The front door: every everyday command in one word. The building itself is CMake's and Ninja's.

PREFIX ?= /usr/local
DESTDIR ?=
SECONDS ?= 60
JOBS ?= $(shell nproc)
# Where the kernel randomises addresses more than the thread sanitizer of gcc 12 and clang 14 can bear, run without.
TSAN_RUN := $(shell setarch -R true 2>/dev/null && echo setarch -R)
CTEST = ctest -j $(JOBS)


.PHONY: all test sim planted e2e fuzz asan tsan valgrind cover bench chaos model mdc-check format lint install clean help tests-built

all: build/release/build.ninja
	@cmake --build build/release --target product

build/%/build.ninja:
	@cmake --preset $* >/dev/null

tests-built: build/release/build.ninja
	@cmake --build build/release

test: tests-built
	@$(CTEST) --preset release

# One seed with its whole trace, or the next N seeds, or what the tests run. KIND: worlds of that kind only. FIRST: N seeds from that one on.
sim: tests-built
ifdef SEED
	@FR_SIM_SEED=$(SEED) $(if $(KIND),FR_SIM_KIND=$(KIND)) build/release/tests/sim_sim_test
else ifdef N
	@FR_SIM_SEEDS=$(N) $(if $(KIND),FR_SIM_KIND=$(KIND)) $(if $(FIRST),FR_SIM_FIRST=$(FIRST)) build/release/tests/sim_sim_test
else
	@$(CTEST) --preset release -L sim
endif

# Bugs made on purpose, and how many worlds the simulator needs to find each: the table in docs/sim.md.
planted:
	@scripts/planted $(BUG)

e2e: tests-built
ifdef STORY
	@$(CTEST) --preset release --verbose -R '^e2e/$(STORY)$$'
else
	@$(CTEST) --preset release -L e2e
endif

fuzz:
	@scripts/fuzz $(SECONDS) $(TARGET)

asan: build/asan/build.ninja
	@cmake --build build/asan
	@$(CTEST) --preset asan

tsan: build/tsan/build.ninja
	@cmake --build build/tsan
	@$(TSAN_RUN) $(CTEST) --preset tsan

valgrind: build/debug/build.ninja
	@cmake --build build/debug
	@scripts/valgrind build/debug/fastreplica

cover:
	@scripts/cover

bench: all
	@bench/run

# SECONDS has a default for fuzz; only what was asked for counts here.
chaos: all
	@bench/chaos.sh $(if $(filter-out file,$(origin SECONDS)),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

# The core in virtual worlds beside the model: docs/model.md. Some twenty minutes, and 10 GiB for the 100,000 nodes.
model: all
	@bench/model.sh >build/model.md && mv build/model.md docs/model.md

# The acceptance criteria of multiple description coding, on the clips and photos that Debian ships. Some half an hour.
mdc-check: all
	@sh scripts/setup --mdc
	@scripts/mdc-check --json build/mdc-check.json

format:
	@find include src cli mdc tests bench -name '*.[ch]' | xargs -r clang-format -i

lint:
	@scripts/lint

install: all
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(abspath $(PREFIX))'

clean:
	@rm -rf build

help:
	@echo 'make                             release build: build/release/fastreplica and the libraries'
	@echo 'make test                        build all and run every test'
	@echo 'make sim [SEED=n | N=n] [KIND=k] the simulator: one seed with its trace; n seeds; or its tests'
	@echo 'make planted [BUG=name]          bugs made on purpose: how many worlds the simulator needs to find each, or this one'
	@echo 'make e2e [STORY=name]            stories with real processes (tests/e2e/name.sh)'
	@echo 'make fuzz [TARGET=t] [SECONDS=n] fuzz one decoder or each, n seconds each (60)'
	@echo 'make asan | tsan                 every test under the address and undefined behaviour, or the thread sanitizer'
	@echo 'make valgrind                    one whole push under valgrind'
	@echo 'make cover                       lines that the tests execute, by file and layer'
	@echo 'make bench                       measure pushes over shaped links beside nginx + curl'
	@echo 'make chaos [SECONDS=n] [SEED=n]  pushes to 24 nodes while nodes and links fail, then all must be right'
	@echo 'make model                       write docs/model.md: simulated times beside the model and the bounds'
	@echo 'make mdc-check                   multiple description coding on real clips and photos: asked, measured'
	@echo 'make format | lint               put the sources in order | read them with every tool'
	@echo 'make install PREFIX=DIR          program, libraries, headers, pkg-config file, manual pages [DESTDIR=]'
	@echo 'make clean                       remove build/'
