"""Tap of the Meltano Singer SDK, in the layout of its cookiecutter."""

import sys
from collections.abc import Iterable
from typing import Any

from requests import Response
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import RESTStream

from benchmarks.task import Task, TaskStream


class Authenticator(OAuthAuthenticator):
    """Authenticator with client credentials in the body."""

    @property
    def oauth_request_body(self) -> dict[str, str | None]:
        """Return the form of a token request."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


class Paginator(BasePageNumberPaginator):
    """Paginator that stops at the total."""

    def has_more(self, response: Response) -> bool:
        """Return whether there is another page."""
        return bool(self.current_value < response.json()["pagination"]["total_pages"])


class CollectionStream(RESTStream[int]):
    """Stream of a collection of the API."""

    records_jsonpath = "$.items[*]"
    schema = th.PropertiesList(th.Property("id", th.StringType), additional_properties=True).to_dict()
    task: Task
    shared_authenticator: Authenticator | None = None

    @property
    def url_base(self) -> str:
        """Return the URL of the server."""
        return self.task.url

    @property
    def authenticator(self) -> Authenticator:
        """Return the authenticator, which all streams share."""
        if CollectionStream.shared_authenticator is None:
            CollectionStream.shared_authenticator = Authenticator(
                client_id=self.config["client_id"],
                client_secret=self.config["client_secret"],
                auth_endpoint=self.task.token_url,
                oauth_scopes="",
            )
        return CollectionStream.shared_authenticator

    def get_new_paginator(self) -> Paginator:
        """Return a paginator that starts at page 1."""
        return Paginator(1)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """Return the page parameters."""
        return {"page_number": next_page_token or 1, "page_size": self.task.page_size}

    def get_child_context(self, record: dict[str, Any], context: Any) -> dict[str, Any] | None:
        """Return the id of a computer for its child streams."""
        return {"computer_id": record["id"]} if self.name == self.task.parent.name else None


class SnowAtlasTap(Tap):
    """Tap for the streams of a task."""

    name = "tap-snow-atlas-benchmark"
    config_jsonschema = th.PropertiesList(
        th.Property("client_id", th.StringType), th.Property("client_secret", th.StringType)
    ).to_dict()
    task: Task

    def discover_streams(self) -> Iterable[Stream]:
        """Yield the streams of the task, and the parent if they need it."""
        parent = self._stream_class(self.task.parent, None)
        if self.task.children:
            yield parent(self)
        for item in self.task.streams:
            yield self._stream_class(item, parent if item.per_computer else None)(self)

    def _stream_class(self, item: TaskStream, parent: type[Stream] | None) -> type[CollectionStream]:
        attributes = {
            "name": item.name,
            "path": item.path.replace("{id}", "{computer_id}"),
            "task": self.task,
            "parent_stream_type": parent,
            "state_partitioning_keys": [],
        }
        return type(f"{item.name}_stream", (CollectionStream,), attributes)


def main() -> None:
    """Read all streams of the task."""
    SnowAtlasTap.task = Task.read(sys.argv[1])
    config = {"client_id": SnowAtlasTap.task.client_id, "client_secret": SnowAtlasTap.task.client_secret}
    SnowAtlasTap(config=config, parse_env_config=False).sync_all()


if __name__ == "__main__":
    main()
