"""Write tests/golden/lake_v1: a small lake as version 1 of the schema wrote it. Run once a version, never again.

`python tests/golden/make_lake.py` makes the folder anew; the test beside it says what it must answer.
"""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hearthline.api import open_home
from hearthline.sim import write_lake
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake

HERE = Path(__file__).parent / "lake_v1"
QUESTION = (
    "SELECT kind, channel, CAST(amount AS VARCHAR) AS amount FROM shares "
    "WHERE model = 'last_touch' AND amount <> 0 ORDER BY kind, channel"
)


def main() -> None:
    """Make the lake and write down what it answers."""
    shutil.rmtree(HERE, ignore_errors=True)
    with TemporaryDirectory() as folder:
        town = Path(folder) / "town"
        write_lake("additive", 40, 40, 5, town, telemetry=0.2)
        home = HomeFolder.create(Path(folder) / "home")
        with home.writing(), Lake(home.lake).batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
            batch.adopt(town / "events-*.parquet", town / "identities-*.parquet")
        shutil.copytree(home.lake, HERE)
        answered = open_home(home.path)
        answered.run()
        (HERE / "answer.json").write_text(json.dumps(answered.sql(QUESTION).to_pylist(), indent=1) + "\n")


if __name__ == "__main__":
    main()
