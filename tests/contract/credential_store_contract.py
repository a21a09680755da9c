"""What every CredentialStore promises. Subclass it and give a fixture ``store``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.access.audience import Audience, Ownership
from engine.errors import ConflictError, NotFoundError, RequestError
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

    def test_an_audience_sees_its_own_and_what_is_shared_with_it(self, store: CredentialStore) -> None:
        owned = {
            "a": ("ann", ()),
            "b": ("bob", ()),
            "c": ("bob", ("ops",)),
            "d": (None, ()),
            "e": ("ann", ()),
        }
        infos = {n: replace(INFO, name=n, ownership=Ownership(*belongs)) for n, belongs in owned.items()}
        for info in infos.values():
            store.put(info, VALUES)

        def seen(audience: Audience) -> list[str]:
            pages = read_pages(lambda cursor: store.list_infos(1, cursor, audience))
            return [info.name for info in pages]

        assert seen(Audience("ann", frozenset({"ops"}))) == ["a", "c", "e"]
        assert seen(Audience("bob")) == ["b", "c"]
        assert seen(Audience("eve")) == []
        assert seen(Audience("eve", sees_all=True)) == ["a", "b", "c", "d", "e"]

    def test_a_credential_is_given_to_others_and_keeps_its_values(self, store: CredentialStore) -> None:
        store.put(INFO, VALUES)
        shared = replace(INFO, ownership=Ownership("bob", ("ops",)))
        assert store.set_ownership("shop", shared.ownership) == shared
        assert (store.info("shop"), store.values("shop")) == (shared, ("basic", VALUES))
        with pytest.raises(NotFoundError):
            store.set_ownership("other", Ownership("bob"))

    def test_a_name_that_another_has_is_not_written_over(self, store: CredentialStore) -> None:
        standing = replace(INFO, ownership=Ownership("ann"))
        store.put(standing, VALUES)
        for owner in ("bob", None):
            with pytest.raises(ConflictError):
                store.put(replace(INFO, ownership=Ownership(owner)), {"username": "eve"})
        assert (store.info("shop"), store.values("shop")) == (standing, ("basic", VALUES))

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
