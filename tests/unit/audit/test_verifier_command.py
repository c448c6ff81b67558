"""The verifier as a program: its exit codes, its words, and that it needs nothing of the rest of the project."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import services.audit.verifier as verifier_package
from services.audit.verifier.__main__ import main
from services.audit.verifier.archive import pack, unpack
from services.audit.verifier.strict import FormatError
from services.audit.verifier.verify import verify_bundle


class TestTheCommand:
    @pytest.fixture
    def path(self, log, tmp_path):
        path = tmp_path / "bundle.zip"
        path.write_bytes(log.bundle())
        return path

    def test_proven(self, log, path, capsys):
        assert main([str(path), "--log-key", log.key]) == 0
        assert capsys.readouterr().out.startswith("Result: proven\n")

    def test_the_key_may_lie_in_a_file(self, log, path, tmp_path, capsys):
        (tmp_path / "log.key").write_text(log.key + "\n")
        assert main([str(path), "--log-key", str(tmp_path / "log.key")]) == 0
        assert "proven" in capsys.readouterr().out

    def test_any_one_of_several_keys_in_a_file_suffices(self, log, path, tmp_path, capsys):
        keys = tmp_path / "log.keys"
        keys.write_text(f"{log.other_signer.key.text()}\n{log.key}\n\n{log.key}\n")
        assert main([str(path), "--log-key", str(keys)]) == 0
        assert f"the log key that you gave ({log.signer.key.id.hex()})" in capsys.readouterr().out
        keys.write_text(log.other_signer.key.text())
        assert main([str(path), "--log-key", str(keys)]) == 1
        assert "get all of its keys again" in capsys.readouterr().out

    def test_signer_unknown(self, path, capsys):
        assert main([str(path)]) == 2
        assert "signer unknown" in capsys.readouterr().out

    def test_failed_names_the_check(self, log, path, capsys):
        files = unpack(log.bundle())
        path.write_bytes(pack({**files, "events/8.json": files["events/8.json"].replace(b"booked", b"missed")}))
        assert main([str(path), "--log-key", log.key]) == 1
        assert "FAILED  event-bytes" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "arguments",
        [
            ["nowhere.zip"],
            ["{path}", "--log-key", "nowhere.key"],
            ["{path}", "--log-key", "{empty}"],
            ["{path}", "--log-key", "a+b+c"],
            ["."],
        ],
    )
    def test_wrong_usage_says_what_is_wrong(self, arguments, path, tmp_path, capsys):
        (tmp_path / "empty").touch()
        assert main([argument.format(path=path, empty=tmp_path / "empty") for argument in arguments]) == 3
        assert capsys.readouterr().err.startswith("verify: ")

    @pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--unknown"]])
    def test_wrong_arguments_are_wrong_usage(self, arguments, capsys):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 3
        assert "usage" in capsys.readouterr().err

    def test_a_key_that_is_none_is_the_callers_error(self, log):
        with pytest.raises(FormatError):
            verify_bundle(log.bundle(), "not a key")


FOLDER = Path(verifier_package.__file__).parent


def test_the_verifier_imports_nothing_of_the_rest():
    allowed = {*sys.stdlib_module_names, "cryptography"}
    for module in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module]
            for name in names:
                own = name == "services.audit.verifier" or name.startswith("services.audit.verifier.")
                assert own or name.split(".")[0] in allowed, f"{module.name} imports {name}"


def test_the_verifier_runs_alone_in_another_folder(log, tmp_path):
    home = tmp_path / "services" / "audit" / "verifier"
    shutil.copytree(FOLDER, home, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bundle.zip").write_bytes(log.bundle())
    done = subprocess.run(
        [sys.executable, "-m", "services.audit.verifier", "bundle.zip", "--log-key", log.key],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Result: proven\n")
