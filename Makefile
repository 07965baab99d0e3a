# make fuzz       every parser, by coverage where there is atheris: SECONDS=60 for each, TARGETS="filters drill" for some
# sudo make soak  MINUTES=60 of mixed use in a network namespace: what the program holds is flat; writes docs/reliability.md
# sudo make overload
#                 the table of overloads in docs/reliability.md
# make mutants    ten minutes of small changes to the code, each of which a test ought to notice
# make coverage   lines of the stack's core that no test executes, against tests/unreached.txt, which may only shrink
# make newest     every test with the newest versions of all packages, in an environment of its own: build/newest
# make shell      the shell in its simulated lab; ARGS="--seed 7" passes arguments
# make test       every test; TESTS=tests/unit for some of them
# make lint       style and types
# make bench      how fast the program starts, echoes a key, answers expressions, goes back; as root, connections a second, idle ones
#                 on a TAP
# make matrix     write docs/goodput.md again: transfers over bad links, in virtual time
# sudo make peers write docs/benchmarks.md again: connections and requests a second beside nginx, epoll and asyncio
# make pictures   write docs/pictures and docs/views.md again, from sessions with a seed
# make compiled   build/compiled: a copy with the hottest modules compiled (mypyc, a C compiler). make shell COMPILED=1
#                 runs that; so do test, bench and install. Nothing else differs
# sudo make install, sudo make uninstall
#                 aether-shell for every user; PREFIX=/usr/local

PYTHON ?= python3
PREFIX ?= /usr/local
TESTS ?= tests
ARGS ?=
SECONDS ?= 60
TARGETS ?=
MINUTES ?= 60
COMPILED ?=
VENV := .venv
PY := $(CURDIR)/$(VENV)/bin/python
TREE := $(if $(COMPILED),build/compiled,.)
HOME_OF_INSTALL = $(PREFIX)/lib/aether-shell
LINK = $(PREFIX)/bin/aether-shell

# The versions that all of this was tried with; `make newest` tries others.
PIP = -m pip install --quiet --disable-pip-version-check
KNOWN = -c $(CURDIR)/constraints.txt
# Compiled, and not for every system; everything else works without.
regex = $(1) $(PIP) $(KNOWN) --only-binary :all: 'google-re2>=1.1' 2>/dev/null \
	|| echo "make: google-re2 is not to be had for this system: 'matches' takes bounded expressions only"

zstd = $(1) $(PIP) $(KNOWN) --only-binary :all: "zstandard>=0.22; python_version < '3.14'" 2>/dev/null \
	|| echo "make: zstandard is not to be had for this system: captures that are packed by zstd are to be unpacked first"

.PHONY: shell test lint bench matrix pictures peers compiled install uninstall clean python fuzz soak overload coverage mutants newest

shell: $(VENV)/stamp $(if $(COMPILED),compiled)
	@$(if $(COMPILED),PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(TREE)) $(VENV)/bin/aether-shell --sim $(ARGS)

compiled: $(VENV)/stamp
	@$(PY) tools/compiled.py

# Four workers on two cores, and one test at a time for each: tests with real peers spend much of their time waiting.
test: $(VENV)/stamp $(if $(COMPILED),compiled)
	cd $(TREE) && $(if $(COMPILED),AETHER_COMPILED=1) $(PY) -m pytest -q -n 4 --dist loadgroup --durations 10 $(TESTS)

lint: $(VENV)/stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy --strict -p aether -p shell
	$(VENV)/bin/mypy --config-file tests/mypy.ini -p tests -p tools -p benchmarks

# All of them, whatever one of them finds: a figure below its limit, which on a busy machine may be chance, fails the whole.
bench: $(VENV)/stamp $(if $(COMPILED),compiled)
	@cd $(TREE) && below=; for each in startup echo rendering filters history captures follow craft drill simulation connections tracing pings \
	"bulk 3 100" idle; do $(PY) -m benchmarks.$$each || below="$$below $${each%% *}"; done; \
	test -z "$$below" || { echo "make: not what it should be:$$below" >&2; exit 1; }

matrix: $(VENV)/stamp
	$(VENV)/bin/python -m benchmarks.matrix > docs/goodput.new
	mv docs/goodput.new docs/goodput.md

peers: $(VENV)/stamp
	$(VENV)/bin/python -m benchmarks.peers > docs/benchmarks.new
	mv docs/benchmarks.new docs/benchmarks.md

pictures: $(VENV)/stamp
	$(VENV)/bin/python tools/pictures.py

fuzz: $(VENV)/stamp
	@$(PY) $(PIP) $(KNOWN) --only-binary :all: 'atheris>=3' 2>/dev/null || echo "make: atheris is not to be had for this system"
	@$(PY) -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

soak: $(VENV)/stamp
	@$(PY) -m tests.tap.soak --minutes $(MINUTES) --write docs/reliability.md

overload: $(VENV)/stamp
	@$(PY) -m tests.tap.overload --write docs/reliability.md

coverage: $(VENV)/stamp
	@$(PY) $(PIP) $(KNOWN) 'pytest-cov>=6'
	@$(PY) -m tools.unreached

mutants: $(VENV)/stamp
	@$(PY) -m tools.mutants

newest: python
	$(PYTHON) -m venv --clear build/newest
	build/newest/bin/python $(PIP) --upgrade --editable '.[dev]'
	@build/newest/bin/python $(PIP) --upgrade --only-binary :all: 'google-re2>=1.1' || echo "make: no google-re2 here"
	@build/newest/bin/python -m pip freeze --exclude-editable | diff --unchanged-line-format= --old-line-format= \
	--new-line-format='newer: %L' constraints.txt - || true
	build/newest/bin/python -m pytest -q -n 4 --dist loadgroup $(TESTS)

$(VENV)/stamp: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) $(KNOWN) --editable '.[dev]'
	@$(call regex,$(VENV)/bin/python)
	@$(call zstd,$(VENV)/bin/python)
	@touch $@

# Says what is missing before anything is done.
python:
	@command -v $(PYTHON) >/dev/null || { echo "make: there is no $(PYTHON). Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# Built from a copy, so that root leaves nothing behind in this directory.
install: python $(if $(COMPILED),compiled)
	@mkdir -p $(PREFIX)/lib $(PREFIX)/bin 2>/dev/null && test -w $(PREFIX)/lib -a -w $(PREFIX)/bin || { echo "make: $(PREFIX) is not writable. Try: sudo make install" >&2; exit 1; }
	@test ! -e $(LINK) -o -L $(LINK) || { echo "make: $(LINK) exists already and is no link of ours" >&2; exit 1; }
	@rm -rf $(HOME_OF_INSTALL)
	$(PYTHON) -m venv $(HOME_OF_INSTALL)
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT \
	&& cp -R aether shell lessons pyproject.toml README.md LICENSE "$$copy" \
	&& $(HOME_OF_INSTALL)/bin/python $(PIP) $(KNOWN) --no-cache-dir "$$copy"
	@$(call regex,$(HOME_OF_INSTALL)/bin/python)
	@$(call zstd,$(HOME_OF_INSTALL)/bin/python)
	@$(if $(COMPILED),$(PY) tools/compiled.py --into \
	"$$($(HOME_OF_INSTALL)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')")
	@chmod -R a+rX $(HOME_OF_INSTALL)
	ln -sfn $(HOME_OF_INSTALL)/bin/aether-shell $(LINK)
	@echo "Installed. Now: aether-shell, or: sudo aether-shell"

uninstall:
	@if [ "$$(readlink $(LINK))" = $(HOME_OF_INSTALL)/bin/aether-shell ]; then rm -v $(LINK); fi
	rm -rf $(HOME_OF_INSTALL)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
