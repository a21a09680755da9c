"""What every CredentialStore promises. Subclass it and give a fixture ``store``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import NotFoundError, RequestError
from engine.ports import CredentialInfo, CredentialStore
from tests.contract.samples import NOW, read_pages, spoiled

INFO = CredentialInfo("shop", "basic", ("username", "password"), NOW, NOW, "The shop's API")
VALUES = {"username": "ann", "password": 'pass "wörd" \ud800'}


class CredentialStoreContract:
    def test_what_may_be_shown_and_the_values_are_read_apart(self, store: CredentialStore) -> None:
        store.put(INFO, VALUES)
        assert store.info("shop") == INFO
        assert store.values("shop") == ("basic", VALUES)

    def test_what_does_not_exist_is_not_found(self, store: CredentialStore) -> None:
        for ask in (store.info, store.values, store.delete):
            with pytest.raises(NotFoundError) as error:
                ask("shop")
            assert (error.value.kind, error.value.name) == ("credential", "shop")

    def test_a_credential_is_replaced(self, store: CredentialStore) -> None:
        store.put(INFO, VALUES)
        changed = replace(INFO, kind="bearer", parts=("token",), description=None)
        store.put(changed, {"token": "t"})
        assert (store.info("shop"), store.values("shop")) == (changed, ("bearer", {"token": "t"}))

    def test_a_deleted_credential_is_gone_and_its_name_is_free(self, store: CredentialStore) -> None:
        store.put(INFO, VALUES)
        store.delete("shop")
        for ask in (store.info, store.values, store.delete):
            with pytest.raises(NotFoundError):
                ask("shop")
        assert store.list_infos(10).items == ()
        store.put(INFO, {"username": "bob", "password": ""})
        assert store.values("shop") == ("basic", {"username": "bob", "password": ""})

    def test_credentials_are_listed_by_name(self, store: CredentialStore) -> None:
        infos = [replace(INFO, name=name) for name in ("a", "b", "b-2", "shop", "ä")]
        for info in reversed(infos):
            store.put(info, VALUES)
        assert list(store.list_infos(10).items) == infos
        assert store.list_infos(5).cursor is None
        assert read_pages(lambda cursor: store.list_infos(2, cursor)) == infos

    def test_names_of_any_letters_are_kept_apart(self, store: CredentialStore) -> None:
        names = ["a b", "a=20b", "a/b", "ä", "A B"]
        for name in names:
            store.put(replace(INFO, name=name), {"username": name})
        assert [store.values(name)[1] for name in names] == [{"username": name} for name in names]

    def test_cursors_that_are_not_ours_are_refused(self, store: CredentialStore) -> None:
        for name in ("a", "b"):
            store.put(replace(INFO, name=name), VALUES)
        cursor = store.list_infos(1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_infos(1, bad)
        with pytest.raises(RequestError):
            store.list_infos(0)
