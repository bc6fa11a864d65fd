"""Task of a contender: a JSON file that the runner writes and the contender reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class TaskStream:
    """Collection to read. The path of a child collection contains `{id}`, the id of a computer."""

    name: str
    path: str
    key: tuple[str, ...]

    @property
    def per_computer(self) -> bool:
        """Return whether every computer has such a collection."""
        return "{id}" in self.path


@dataclass(frozen=True)
class Task:
    """Collections to read, with the server and the number of concurrent requests."""

    url: str
    client_id: str
    client_secret: str
    page_size: int
    workers: int
    parent: TaskStream
    streams: tuple[TaskStream, ...]
    output: str
    """Folder for contenders that cannot write to stdout."""

    @property
    def token_url(self) -> str:
        """Return the URL of the token endpoint."""
        return f"{self.url}/idp/api/connect/token"

    @property
    def token_form(self) -> dict[str, str]:
        """Return the form of a token request."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    @property
    def bulk(self) -> tuple[TaskStream, ...]:
        """Return the streams that are read page by page."""
        return tuple(stream for stream in self.streams if not stream.per_computer)

    @property
    def children(self) -> tuple[TaskStream, ...]:
        """Return the streams that take a request per computer."""
        return tuple(stream for stream in self.streams if stream.per_computer)

    def write(self, path: Path) -> None:
        """Write the task to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> "Task":
        """Read the task from a file."""
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
        raw["parent"] = TaskStream(**raw["parent"])
        raw["streams"] = tuple(TaskStream(**stream) for stream in raw["streams"])
        return cls(**raw)
