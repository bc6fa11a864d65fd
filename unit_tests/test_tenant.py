"""The `tenant` stream: one record, or an error; never an empty table."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_cdk.sources.types import Record

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.retriever import TenantRetriever
from unit_tests.helpers.fake_http import TOKEN_URL, FakeHttp, token_reply
from unit_tests.test_identity_token import signed


def read(config: dict[str, Any]) -> list[Any]:
    Sync.begin(config)
    retriever = TenantRetriever(config, "tenant", Sync.of(config).authenticator)
    return [record.data for record in retriever.read_records({}) if isinstance(record, Record)]


def test_one_record(config: dict[str, Any], http: FakeHttp) -> None:
    """The warehouse would not say whose data it holds."""
    token = signed(tenant="t-1", tenant_name="Blå  Berg", region="uksouth")
    http.on("POST", TOKEN_URL, token_reply(id_token=token))
    assert read(config) == [{"id": "t-1", "name": "Blå  Berg", "region": "uksouth"}]


@pytest.mark.parametrize("token", [{}, {"id_token": signed(tenant=None)}])
def test_unknown_is_an_error(config: dict[str, Any], http: FakeHttp, token: dict[str, str]) -> None:
    """The table would be emptied because the server says nothing, or the platform try again for ever."""
    http.on("POST", TOKEN_URL, token_reply(**token))
    with pytest.raises(ConfigurationError, match=r"Stream tenant: .* Leave the stream out"):
        read(config)
