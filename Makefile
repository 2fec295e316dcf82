# make demo   sets up what the demo needs, and plays a real ECG through every part
# make test   sets up everything, lints, checks types and import contracts, runs all tests
# Both keep to .venv here, and to apt for TeX and a compiler (with sudo where you are not root).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CACHE  ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hearth
WHEELS := $(CACHE)/wheels
PIP    := $(BIN)/python -m pip --disable-pip-version-check
LLAMA  := llama-cpp-python==0.3.36
# the default build tunes itself to this very CPU, and crashes on some; this one runs on all of its kind
LLAMA_FLAGS := -C cmake.define.GGML_NATIVE=OFF -C cmake.define.LLAVA_BUILD=OFF -C cmake.define.LLAMA_OPENSSL=OFF
TEX    := texlive-latex-base texlive-latex-recommended lmodern

.PHONY: chaos soak fuzz demo test lint types contracts tests train train-language figures ask-figures pictures clean system-demo system-test

demo: system-demo $(VENV)/demo.done
	$(BIN)/hearth demo $(ARGS)

test: lint types contracts tests

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.done
	$(BIN)/mypy

contracts: $(VENV)/dev.done
	$(BIN)/lint-imports

tests: system-test $(VENV)/dev.done
	$(BIN)/python -m pytest $(ARGS)

# the models, from the recordings in DATA (see docs/training.md); hours on two cores, can be resumed
train: $(VENV)/dev.done
	$(BIN)/python -m export.training.train --config configs/training/beats.toml --data $(DATA) --out runs/beats
	$(BIN)/python -m export.training.train --config configs/training/encoder.toml --data $(DATA) --out runs/encoder
	$(BIN)/python -m export.training.align --data $(DATA) --encoder runs/encoder/checkpoint --out runs/aligned
	$(BIN)/hearth export --checkpoint runs/aligned/checkpoint --data $(DATA) --out runs/encoder-alone
	$(BIN)/python -m export.training.train_sequence --data $(DATA) --encoder runs/encoder-alone --out runs/sequence
	$(BIN)/hearth export --checkpoint runs/aligned/checkpoint --sequence runs/sequence/checkpoint \
	  --data $(DATA) --out edge/models/encoder
	$(BIN)/python -m export.training.train_conduction --data $(DATA) --encoder edge/models/encoder \
	  --out edge/models/encoder/conduction.onnx
	$(BIN)/python -m export.training.train_find --data $(DATA) --out runs/find && cp runs/find/find.npz hub/models/

# the language model's sight, over the packaged file; hours on two cores, can be resumed
train-language: $(VENV)/dev.done
	test -f $(DATA)/prepared/language/rows.jsonl || \
	  $(BIN)/python -m export.training.language.corpus --data $(DATA) --out $(DATA)/prepared/language
	$(BIN)/python -m export.training.language.train --config configs/training/language.toml --data $(DATA) \
	  --corpus $(DATA)/prepared/language --out runs/language
	$(BIN)/hearth export language --run runs/language --data $(DATA) --out edge/models/language
	$(BIN)/python -m export.training.language.train_pointer --config configs/training/language.toml --data $(DATA) \
	  --corpus $(DATA)/prepared/language --states $(DATA)/prepared/pointer --bundle edge/models/language

# every figure that is published, beside open peers, on the recordings in DATA; pages in docs/figures
figures: $(VENV)/dev.done .venv-peers/done
	$(BIN)/python -m benchmarks.figures --data $(DATA) --into-manifest $(ARGS)

# 500 rounds of kills, cuts, full disks, moved clocks and rot; about 45 minutes. ARGS="--rounds 1 --seed 217" repeats one
chaos: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.chaos $(or $(ARGS),--rounds 500 --seed 1)

# a day of real records at 60 times real time, 24 minutes; docs/soak.md and docs/pictures/soak.png
soak: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.soak --data $(DATA)

# coverage-guided, over all decoders
fuzz: $(VENV)/dev.done
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python tests/fuzz/fuzz_decoders.py -max_total_time=600 -max_len=600 -len_control=0

# how well `hearth ask` reads questions, on its fixed set
ask-figures: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.ask

# the peers keep to an environment of their own; without them `--no-peers` still gives Hearth's figures
.venv-peers/done: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip --disable-pip-version-check install --prefer-binary -r benchmarks/peers.txt \
	  && touch $@ || echo "Some open detectors could not be installed: their rows will say so"

# the pictures of the README, from the project's own commands
pictures: $(VENV)/dev.done
	sh docs/pictures/make.sh

clean:
	rm -rf $(VENV) .venv-peers demo-output build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/created:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing; type: sudo apt-get install python3-venv python3-dev"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) -V); set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(WHEELS)/$(LLAMA).done: | $(VENV)/created
	@mkdir -p $(WHEELS)
	@echo "Compiling llama.cpp: three to four minutes on two cores, once; the wheel is kept in $(WHEELS)"
	@{ $(PIP) wheel -v --no-cache-dir --no-deps $(LLAMA_FLAGS) -w $(WHEELS) $(LLAMA) 2>&1; echo "status $$?"; } \
	  | tee $(CACHE)/llama-build.log | sed -un 's/^ *\(\[[0-9]*\/[0-9]*\]\) .*/\1/p' \
	  | while read -r step; do printf '\r  compiled %s ' "$$step"; done
	@grep -q '^status 0' $(CACHE)/llama-build.log || { echo; tail -n 20 $(CACHE)/llama-build.log; exit 1; }
	@echo; touch "$@"

$(VENV)/demo.done: pyproject.toml $(WHEELS)/$(LLAMA).done
	$(PIP) install --find-links $(WHEELS) --prefer-binary -e '.[demo,llm]'
	$(BIN)/hearth models install
	@touch $@

$(VENV)/dev.done: pyproject.toml $(WHEELS)/$(LLAMA).done
	$(PIP) install torch==2.13.0
	$(PIP) install --find-links $(WHEELS) --prefer-binary -e '.[dev,llm]'
	$(PIP) install --no-deps bitalino==1.2.6 pyOpenBCI==0.13
	$(BIN)/hearth models install
	@touch $@

# apt packages by the command that each gives
define need
	@missing=""; for pair in $(1); do \
	  command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $$(echo $${pair#*:} | tr , ' ')"; done; \
	if [ -n "$$missing" ]; then \
	  if ! command -v apt-get >/dev/null; then echo "Please install:$$missing"; exit 1; \
	  elif [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -y -q --no-install-recommends $$missing; \
	  elif command -v sudo >/dev/null; then echo "Installing with sudo:$$missing"; \
	    sudo apt-get update -q && sudo apt-get install -y -q --no-install-recommends $$missing; \
	  else echo "As root, type: apt-get install --no-install-recommends$$missing"; exit 1; fi; fi
endef
comma := ,
space := $(subst ,, )
TEX_LIST := $(subst $(space),$(comma),$(strip $(TEX)))

system-demo:
	$(call need,pdflatex:$(TEX_LIST) g++:g++)

system-test:
	$(call need,pdflatex:$(TEX_LIST) g++:g++ pdftotext:poppler-utils mosquitto:mosquitto dbus-daemon:dbus)
