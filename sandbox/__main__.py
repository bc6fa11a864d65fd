"""Run the sandbox: ``python -m sandbox --port 8080 --computers 60``.

When it is ready it prints one line of JSON with ``url``, ``client_id``, ``client_secret`` and ``region``, and
``ca_file`` with ``--tls``. With ``--readable`` it prints the same for a person. It serves until it is
interrupted or terminated.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.api.identity import TOKEN_PATH
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
        "--readable", action="store_true", help="print text for a person instead of the line of JSON"
    )
    parser.add_argument("--ready-file", type=Path, help="also write the ready line to this file")
    options = parser.parse_args(arguments)
    if options.computers < 1:
        parser.error("--computers must be 1 or more")
    return options


def _readable(sandbox: Sandbox) -> str:
    """Return the URLs, the credentials and a configuration of the connector as text for a person."""
    facts = {
        "API URL": sandbox.url,
        "Token URL": f"{sandbox.url}{TOKEN_PATH}",
        "Client ID": sandbox.client_id,
        "Client secret": sandbox.client_secret,
        **({"Certificate": str(sandbox.ca_file)} if sandbox.ca_file else {}),
    }
    lines = [f"  {name:<14} {value}" for name, value in facts.items()]
    config = json.dumps(sandbox.config(), indent=2)
    return "\n".join(
        [
            f"Serving a made-up company with {len(sandbox.estate.computers)} computers:",
            "",
            *lines,
            "",
            "Configuration of the connector:",
            "",
            config,
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
            # only `make sandbox` gives --readable
            option = 'ARGS="--port 8081"' if options.readable else "--port 8081"
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
        ready = {
            "url": sandbox.url,
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "region": sandbox.settings.region,
        }
        if sandbox.ca_file is not None:
            ready["ca_file"] = str(sandbox.ca_file)
        line = json.dumps(ready)
        if options.ready_file is not None:
            # A rename is atomic: a waiting reader never sees half a line.
            partial = options.ready_file.with_name(options.ready_file.name + ".partial")
            partial.touch(mode=0o600)
            partial.write_text(line + "\n", encoding="utf-8")
            os.replace(partial, options.ready_file)
        print(_readable(sandbox) if options.readable else line, flush=True)
        done.wait()


if __name__ == "__main__":
    raise SystemExit(main())
