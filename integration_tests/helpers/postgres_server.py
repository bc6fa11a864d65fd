"""A PostgreSQL server for one test: a new cluster in a temporary folder, on a free loopback port.

The programs come from the system's packages (Debian and Ubuntu: `apt install postgresql`). The server refuses
to run as root, so root starts it as the packages' own user.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = "warehouse"
DATABASE = "warehouse"
START_SECONDS = 60


class PostgresUnavailable(Exception):
    """There is no server to be had on this machine; the message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """Where the server listens and how to sign in."""

    host: str
    port: int
    username: str
    password: str
    database: str


def find_program(name: str) -> str:
    """Path of a PostgreSQL program: of the newest version where the system has several."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    found = str(newest) if newest is not None else shutil.which(name)
    if found is None:
        raise PostgresUnavailable(
            f"needs PostgreSQL's programs, {name} among them (apt-get install postgresql)"
        )
    return found


def server_account() -> str | None:
    """The account to run the server as: None for the present one, another one where that is root."""
    if os.getuid() != 0:
        return None
    for account in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(account).pw_name
        except KeyError:
            continue
    raise PostgresUnavailable("needs a user postgres or nobody: PostgreSQL does not run as root")


def run_as(account: str | None) -> dict[str, Any]:
    """Arguments that make subprocess start a program as an account."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def private_postgres() -> Iterator[PostgresServer]:
    """Start a server with one empty database; stop it and remove everything when the block ends."""
    account = server_account()
    programs = {name: find_program(name) for name in ("initdb", "postgres", "createdb")}
    folder = Path(tempfile.mkdtemp(prefix="snow-atlas-postgres-"))
    try:
        password = secrets.token_urlsafe(18)
        password_file = folder / "password"
        password_file.write_text(password + "\n", encoding="utf-8")
        if account is not None:
            for path in (folder, password_file):
                shutil.chown(path, account)
        data = folder / "data"
        command = [
            programs["initdb"],
            "--pgdata",
            str(data),
            "--username",
            USER,
            "--pwfile",
            str(password_file),
        ]
        command += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **run_as(account))
        server = PostgresServer("127.0.0.1", free_port(), USER, password, DATABASE)
        with running(programs["postgres"], data, server.port, account):
            wait_until_ready(programs["createdb"], server)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(program: str, data: Path, port: int, account: str | None) -> Iterator[None]:
    """The server process; safety against power cuts is switched off, as the data is thrown away."""
    command = [program, "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", f"unix_socket_directories={data}", "-c", "fsync=off", "-c", "full_page_writes=off"]
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=data, stdout=log, stderr=log, **run_as(account))
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: clients are disconnected, not waited for
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(createdb: str, server: PostgresServer) -> None:
    """Create the database as soon as the server lets one in."""
    command = [createdb, "--host", server.host, "--port", str(server.port), "--username", server.username]
    environment = {**os.environ, "PGPASSWORD": server.password}
    deadline = time.monotonic() + START_SECONDS
    while True:
        done = subprocess.run(
            [*command, server.database], env=environment, check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise PostgresUnavailable(f"PostgreSQL did not start: {done.stderr.strip()}")
        time.sleep(0.1)
