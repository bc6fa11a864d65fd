"""What a contender is asked to read: written by the runner, read by the contender, as one JSON file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class TaskStream:
    """A collection to read; its path contains `{id}` where there is one for every computer."""

    name: str
    path: str
    key: tuple[str, ...]

    @property
    def per_computer(self) -> bool:
        """Whether the computers' ids are needed to read it."""
        return "{id}" in self.path


@dataclass(frozen=True)
class Task:
    """Where to read what, and with how many requests in flight."""

    url: str
    client_id: str
    client_secret: str
    page_size: int
    workers: int
    parent: TaskStream
    streams: tuple[TaskStream, ...]
    output: str
    """A folder for contenders that cannot write to stdout."""

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.url}/idp/api/connect/token"

    @property
    def token_form(self) -> dict[str, str]:
        """The body of a token request."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    @property
    def bulk(self) -> tuple[TaskStream, ...]:
        """The streams that are read page by page."""
        return tuple(stream for stream in self.streams if not stream.per_computer)

    @property
    def children(self) -> tuple[TaskStream, ...]:
        """The streams that cost a request per computer."""
        return tuple(stream for stream in self.streams if stream.per_computer)

    def write(self, path: Path) -> None:
        """Save the task for a contender."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> "Task":
        """Load the task that the runner has written."""
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
        raw["parent"] = TaskStream(**raw["parent"])
        raw["streams"] = tuple(TaskStream(**stream) for stream in raw["streams"])
        return cls(**raw)
