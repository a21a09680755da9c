from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryTemplateStore
from engine.adapters.template_folder import TemplateFolder
from tests.contract.template_store_contract import DOCUMENT, TEMPLATES, VARIABLE, TemplateStoreContract


class TestInMemory(TemplateStoreContract):
    @pytest.fixture
    def store(self) -> MemoryTemplateStore:
        return MemoryTemplateStore(reversed(TEMPLATES))


class TestInAFolder(TemplateStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> TemplateFolder:
        (tmp_path / "templates").mkdir()
        for name, said in (
            ("greeting", {"category": "y", "variables": [VARIABLE]}),
            ("bare", {"category": "x"}),
        ):
            (tmp_path / f"{name}.json").write_text(json.dumps(DOCUMENT), "utf-8")
            (tmp_path / "templates" / f"{name}.json").write_text(json.dumps(said), "utf-8")
        (tmp_path / "no_template.json").write_text("{}", "utf-8")
        return TemplateFolder(tmp_path)
