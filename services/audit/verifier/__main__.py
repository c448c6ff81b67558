"""``python -m services.audit.verifier BUNDLE [--log-key KEY] [--json]``: verify a bundle offline.

Exit codes: 0 proven, 1 failed, 2 consistent with itself but the signer is unknown, 3 wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from services.audit.verifier.strict import FormatError
from services.audit.verifier.verify import verify_bundle

USAGE = 3
_MAX_KEY_FILE_BYTES = 64 << 10


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the bundle named on the command line, print the report, and give the exit code."""
    parser = _Parser(prog="verify", description="Check an audit bundle offline and say what it proves.")
    parser.add_argument("bundle", help="the bundle, a .zip file as it was exported")
    parser.add_argument(
        "--log-key",
        help="the log's key (name+id+base64), or a file of its keys, one a line, of which any suffices; get them from "
        "the network, not with the bundle",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = parser.parse_args(arguments)
    try:
        report = verify_bundle(given.bundle, _key_text(given.log_key))
    except FormatError as error:
        return _usage(f"--log-key: {error}")
    except OSError as error:
        return _usage(f"cannot read {error.filename}: {error.strerror}")
    print(json.dumps(report.as_dict(), indent=2) + "\n" if given.json else report.text(), end="")
    return report.exit_code


def _key_text(given: str | None) -> str | None:
    """The keys themselves: what was given, or what the file of that name holds."""
    if given is None or given.count("+") >= 2:
        return given
    with Path(given).open("rb") as file:
        return file.read(_MAX_KEY_FILE_BYTES).decode("utf-8", "replace").strip()


def _usage(message: str) -> int:
    print(f"verify: {message}", file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
