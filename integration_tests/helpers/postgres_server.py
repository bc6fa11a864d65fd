"""PostgreSQL server for tests: a new cluster in a temporary folder, on a free loopback port.

It uses the programs of the system's packages (Debian and Ubuntu: `apt install postgresql`). The server
refuses to run as root, so root starts it as the user of the packages.
"""

from __future__ import annotations

import atexit
import itertools
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

USER = "warehouse"
DATABASE = "warehouse"
START_SECONDS = 60


class PostgresUnavailable(Exception):
    """Raised if a server can't be started. The message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """Address and credentials of a server."""

    host: str
    port: int
    username: str
    password: str
    database: str


def find_program(name: str) -> str:
    """Return the path of a PostgreSQL program, of the newest version that is installed."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    found = str(newest) if newest is not None else shutil.which(name)
    if found is None:
        raise PostgresUnavailable(f"needs {name} of PostgreSQL (apt-get install postgresql)")
    return found


def server_account() -> str | None:
    """Return the account to run the server as, or None for the current one, unless that is root."""
    if os.getuid() != 0:
        return None
    for account in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(account).pw_name
        except KeyError:
            continue
    raise PostgresUnavailable("needs a user postgres or nobody: PostgreSQL does not run as root")


def run_as(account: str | None) -> dict[str, Any]:
    """Return the arguments with which subprocess starts a program as an account."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_shared = ExitStack()
_numbers = itertools.count(1)


def new_database() -> PostgresServer:
    """Create an empty database on a server that this process shares, as starting one takes seconds."""
    server = _shared_server()
    name = f"{DATABASE}_{next(_numbers)}"
    create_database(find_program("createdb"), replace(server, database=name), check=True)
    return replace(server, database=name)


@cache
def _shared_server() -> PostgresServer:
    atexit.register(stop_shared_server)
    return _shared.enter_context(private_postgres())


def stop_shared_server() -> None:
    """Stop the server of `new_database`, if it runs."""
    _shared.close()
    _shared_server.cache_clear()


@contextmanager
def private_postgres() -> Iterator[PostgresServer]:
    """Start a server with one empty database. It is removed when the block ends."""
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
        # a load connects fifteen times, and scram-sha-256 makes each password expensive
        command += ["--auth", "md5", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **run_as(account))
        server = PostgresServer("127.0.0.1", free_port(), USER, password, DATABASE)
        with running(programs["postgres"], data, server.port, account):
            wait_until_ready(programs["createdb"], server)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(program: str, data: Path, port: int, account: str | None) -> Iterator[None]:
    """Run the server process, without protection against power failures."""
    command = [program, "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", f"unix_socket_directories={data}", "-c", "fsync=off", "-c", "full_page_writes=off"]
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=data, stdout=log, stderr=log, **run_as(account))
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown, which disconnects clients
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(createdb: str, server: PostgresServer) -> None:
    """Create the database, with retries until the server is ready."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        done = create_database(createdb, server)
        if done.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise PostgresUnavailable(f"PostgreSQL did not start: {done.stderr.strip()}")
        time.sleep(0.1)


def create_database(
    createdb: str, server: PostgresServer, *, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run createdb for the server's database."""
    return subprocess.run(
        [createdb, "-h", server.host, "-p", str(server.port), "-U", server.username, server.database],
        env={**os.environ, "PGPASSWORD": server.password},
        check=check,
        capture_output=True,
        text=True,
    )
