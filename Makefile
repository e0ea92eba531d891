# Everything starts here: `make` alone lists the targets.
# Needs only make and Python 3.11 or newer; the rest goes into .venv beside this file.

PYTHON ?= python3
PORT ?= 8501

PY := .venv/bin/python
RUNTIME := .venv/.requirements
DEVELOPMENT := .venv/.requirements-dev
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# Streamlit would otherwise ask the internet for this machine's public address before it starts.
# uvicorn would otherwise believe any X-Forwarded-For that comes from this machine; TRUSTED_PROXIES
# says whose counts.
RUN := FORWARDED_ALLOW_IPS= $(PY) -m streamlit run app.py --server.port $(PORT) --browser.serverAddress localhost
ifeq ($(DEV),1)
RUN += --server.fileWatcherType auto --server.runOnSave true
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint user

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

# The server handles Ctrl-C itself; ignored beforehand, it leaves no error behind when it has ended.
run: $(RUNTIME) ## Start the studio and print its address (PORT=8501; DEV=1 shows changed screens as you save)
	@trap '' INT; exec env $(RUN)

test: $(DEVELOPMENT) ## Run all tests (ARGS='tests/jobs -k archive' for some)
	@$(PY) -m pytest $(ARGS)

lint: $(DEVELOPMENT) ## Check style and types
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy

user: $(RUNTIME) ## Add a person (NAME=their-user-name; ARGS='--role viewer' for more)
	@$(PY) -m people add $(if $(NAME),'$(NAME)') $(ARGS)

# What is installed, each by a stamp as old as its last installation.

$(RUNTIME): requirements.txt $(PY)
	@echo "Installing requirements.txt into .venv; the first time takes a minute or two ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt requirements.txt $(PY)
	@echo "Installing requirements-dev.txt into .venv; the first time takes a minute or two ..."
	@$(PIP) -r requirements-dev.txt
	@touch $(RUNTIME) $@

$(PY):
	@command -v '$(PYTHON)' >/dev/null || { \
	  echo "Python 3.11 or newer is needed, and there is no '$(PYTHON)' here. Install it, or name yours: make PYTHON=python3.12 ..." >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$('$(PYTHON)' -V 2>&1). Install a newer one, or name it: make PYTHON=python3.12 ..." >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@'$(PYTHON)' -m venv .venv
