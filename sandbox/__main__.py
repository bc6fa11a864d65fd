"""Run the sandbox: ``python -m sandbox --port 8080 --computers 60``.

When it is ready it prints one line of JSON: the connector's configuration for it, and ``ca_file`` with
``--tls``. With ``--config-file`` it writes that line to a file, and prints the commands that use it. It
serves until it is interrupted or terminated.
"""

from __future__ import annotations

import argparse
import errno
import json
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sandbox.api.settings import TOKEN_CAP_MODES, Settings
from sandbox.runner import Sandbox

DESCRIPTION = "Run a stand-in for the Snow Atlas API on the loopback host, with a made-up company."


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=DESCRIPTION)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 picks a free one")
    parser.add_argument("--computers", type=int, default=60, help="size of the made-up company")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another company")
    parser.add_argument(
        "--ugly", action="store_true", help="add nulls, odd dates, names and amounts, for tests"
    )
    parser.add_argument(
        "--months",
        type=int,
        default=0,
        help="show the company as it was this many months ago; POST /_sandbox/months changes the day",
    )
    parser.add_argument("--region", default=Settings.region, help="region of the tenant (%(default)s)")
    parser.add_argument("--latency-ms", type=float, default=0, help="milliseconds added to every reply")
    parser.add_argument("--token-life", type=float, default=Settings.token_life, help="seconds a token lives")
    parser.add_argument("--max-tokens", type=int, default=Settings.max_tokens, help="live tokens per client")
    parser.add_argument(
        "--max-tokens-mode",
        choices=TOKEN_CAP_MODES,
        default=Settings.max_tokens_mode,
        help="for a token beyond the limit: revoke the oldest, or refuse the request (%(default)s)",
    )
    parser.add_argument("--rate-limit", type=float, help="API requests per second and client")
    parser.add_argument("--token-rate-limit", type=float, help="token requests per minute and client")
    parser.add_argument("--page-size-clamp", type=int, help="largest page served, whatever page_size asks")
    parser.add_argument("--gzip", action="store_true", help="compress replies for clients that accept it")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a self-signed certificate")
    parser.add_argument(
        "--config-file", type=Path, help="write the line of JSON to this file, and print how to use it"
    )
    options = parser.parse_args(arguments)
    if options.computers < 1:
        parser.error("--computers must be 1 or more")
    return options


def _usage(sandbox: Sandbox, config_file: Path) -> str:
    """Return the URL, and the commands that read the sandbox with a configuration file."""
    connector = str(Path(sys.executable).with_name("source-snow-atlas"))
    with suppress(ValueError):
        connector = str(Path(connector).relative_to(Path.cwd()))
    catalog = "--catalog integration_tests/configured_catalog.json"
    commands = [f"export REQUESTS_CA_BUNDLE={sandbox.ca_file}"] if sandbox.ca_file else []
    commands += [f"{connector} {verb} --config {config_file}" for verb in ("check", "discover")]
    commands += [
        f"{connector} read --config {config_file} {catalog}",
        f"make sync CONFIG={config_file}",
    ]
    return "\n".join(
        [
            f"Serving a made-up company with {len(sandbox.estate.computers)} computers at {sandbox.url}.",
            f"Its configuration is in {config_file}. In another terminal:",
            "",
            *(f"  {command}" for command in commands),
            "",
            "Ctrl-C stops the sandbox.",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    options = _arguments(arguments)
    try:
        _serve(options)
    except (OSError, OverflowError, ValueError) as error:
        advice = ""
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            # only `make sandbox` gives --config-file
            option = 'ARGS="--port 8081"' if options.config_file else "--port 8081"
            advice = f": choose another with {option}"
        raise SystemExit(f"python -m sandbox: {error}{advice}") from None
    return 0


def _serve(options: argparse.Namespace) -> None:
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _number, _frame: done.set())
    sandbox = Sandbox(
        options.computers,
        options.seed,
        port=options.port,
        use_tls=options.tls,
        ugly=options.ugly,
        months=options.months,
        region=options.region,
        latency=options.latency_ms / 1000,
        token_life=options.token_life,
        max_tokens=options.max_tokens,
        max_tokens_mode=options.max_tokens_mode,
        rate_limit=options.rate_limit,
        token_rate_limit=options.token_rate_limit,
        page_size_clamp=options.page_size_clamp,
        gzip=options.gzip,
    )
    with sandbox:
        ready = sandbox.config() | ({"ca_file": str(sandbox.ca_file)} if sandbox.ca_file else {})
        text = json.dumps(ready)
        if options.config_file is not None:
            options.config_file.parent.mkdir(parents=True, exist_ok=True)
            options.config_file.write_text(text + "\n", encoding="utf-8")
            text = _usage(sandbox, options.config_file)
        print(text, flush=True)
        done.wait()


if __name__ == "__main__":
    raise SystemExit(main())
