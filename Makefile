# Read by `sam build` (BuildMethod: makefile), which sets ARTIFACTS_DIR; infra/build/pack.py does the work.
# ARCHITECTURE: arm64 (default), x86_64, or host. CUSTOM_NODES: folders of node packages to bring along.
ARCHITECTURE ?= arm64
CUSTOM_NODES ?=
export ARCHITECTURE CUSTOM_NODES

FUNCTIONS = ApiFunction CoreFunction HttpFunction AiFunction CustomFunction FlowFunction ExecutionEventsFunction TriggersFunction

# Once per checkout: the environment that packs.
.venv/bin/python:
	python3.11 -Esm infra.build.environment dev

.PHONY: $(FUNCTIONS:%=build-%)
$(FUNCTIONS:%=build-%): build-%: .venv/bin/python
	@.venv/bin/python -m infra.build.pack $* "$(ARTIFACTS_DIR)"
