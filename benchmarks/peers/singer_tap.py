"""A tap of the Meltano Singer SDK, as its cookiecutter lays it out."""

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
    """Client credentials in the body."""

    @property
    def oauth_request_body(self) -> dict[str, str | None]:
        """The form."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


class Paginator(BasePageNumberPaginator):
    """Counts up to the total."""

    def has_more(self, response: Response) -> bool:
        """Whether a page follows."""
        return bool(self.current_value < response.json()["pagination"]["total_pages"])


class CollectionStream(RESTStream[int]):
    """A collection of the API."""

    records_jsonpath = "$.items[*]"
    schema = th.PropertiesList(th.Property("id", th.StringType), additional_properties=True).to_dict()
    task: Task
    shared_authenticator: Authenticator | None = None

    @property
    def url_base(self) -> str:
        """The host."""
        return self.task.url

    @property
    def authenticator(self) -> Authenticator:
        """One for all streams."""
        if CollectionStream.shared_authenticator is None:
            CollectionStream.shared_authenticator = Authenticator(
                client_id=self.config["client_id"],
                client_secret=self.config["client_secret"],
                auth_endpoint=self.task.token_url,
                oauth_scopes="",
            )
        return CollectionStream.shared_authenticator

    def get_new_paginator(self) -> Paginator:
        """Pages from 1."""
        return Paginator(1)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """Which page."""
        return {"page_number": next_page_token or 1, "page_size": self.task.page_size}

    def get_child_context(self, record: dict[str, Any], context: Any) -> dict[str, Any] | None:
        """What a child needs to know of a computer."""
        return {"computer_id": record["id"]} if self.name == self.task.parent.name else None


class SnowAtlasTap(Tap):
    """The tap."""

    name = "tap-snow-atlas-benchmark"
    config_jsonschema = th.PropertiesList(
        th.Property("client_id", th.StringType), th.Property("client_secret", th.StringType)
    ).to_dict()
    task: Task

    def discover_streams(self) -> Iterable[Stream]:
        """The streams of the task, with their parent where they have one."""
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
    """Discover and read everything."""
    SnowAtlasTap.task = Task.read(sys.argv[1])
    config = {"client_id": SnowAtlasTap.task.client_id, "client_secret": SnowAtlasTap.task.client_secret}
    SnowAtlasTap(config=config, parse_env_config=False).sync_all()


if __name__ == "__main__":
    main()
