"""The revisions of each service: one line of files, each named by its revision, so that the newest is the last name."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from services.kernel.settings import SERVICES
from services.kernel.store.opening import newest_revision

ROOT = Path(__file__).parents[2] / "services"


@pytest.mark.parametrize("service", SERVICES)
def test_the_last_file_is_the_newest_revision(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "kernel" / "store" / "migrations"))
    config.set_main_option("version_locations", str(ROOT / service / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [newest_revision(service)]
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(f"{revision.revision}_")
