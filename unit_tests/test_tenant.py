"""The `tenant` stream: one record, or an error; never an empty table."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_cdk.sources.types import Record

from source_snow_atlas.components.basics.errors import TransientError
from source_snow_atlas.components.identity import identity_token
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.stream.tenant import TenantRetriever
from unit_tests.helpers.fake_http import TOKEN_URL, FakeHttp, token_reply


def read(config: dict[str, Any]) -> list[Any]:
    authenticator = SnowAtlasOauth2Authenticator(config=config)
    retriever = TenantRetriever(config=config, name="tenant", authenticator=authenticator)
    return [record.data for record in retriever.read_records({}) if isinstance(record, Record)]


def test_one_record(config: dict[str, Any], http: FakeHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse would not say whose data it holds."""
    http.on("POST", TOKEN_URL, token_reply(id_token="x"))
    claims = {"tenant": "t-1", "tenant_name": "Blå Berg", "region": "westeurope"}
    monkeypatch.setattr(identity_token, "verified_claims", lambda *_: claims)
    assert read(config) == [{"id": "t-1", "name": "Blå Berg", "region": "westeurope"}]


def test_unknown_is_an_error(config: dict[str, Any], http: FakeHttp) -> None:
    """The table would be emptied because the server says nothing today."""
    with pytest.raises(TransientError, match="Stream tenant"):
        read(config)
