"""A key of the hashes is rotated while the door is open: the next request is hashed with the new one."""

import json
import time
from pathlib import Path
from statistics import median

from tests.pipeline.test_forgetting import ANN, BOB, tracked
from tests.server.conftest import Sender

from hearthline.api import init
from hearthline.pipeline import load
from hearthline.privacy import Ring, admitted_frame
from hearthline.privacy.pseudonym import pseudonym
from hearthline.schema.event import Event
from hearthline.server.commit import Commit
from hearthline.server.ingest import Door, Rules
from hearthline.server.ingest.fetching import Fetcher
from hearthline.server.ingest.proving import Prover
from hearthline.server.keys import Keyring
from hearthline.store.home import HomeFolder
from hearthline.store.log import Log


def test_one_person_by_http_before_and_after_a_rotation(tmp_path: Path) -> None:
    home = init(tmp_path)
    (tmp_path / "hearthline.toml").write_text("[attribution]\nreplicates = 2\n")
    folder = HomeFolder.open(tmp_path)
    log = Log(folder.log, segment_bytes=1 << 20)
    commit = Commit(log)
    door = Door(folder.ring.now, commit, Prover(Keyring(tmp_path), Fetcher(), {}, True), Rules())
    sender = Sender(door, tmp_path)
    for n in range(20):
        if n == 10:
            home.rotate_hash_key()
        name = "Order Completed" if n % 5 == 0 else "Product Viewed"
        both = (tracked(n, f"ann-{n // 10}", ANN, name), tracked(100 + n, f"bob-{n // 10}", BOB, name))
        for message in both:
            answer = sender.send("/in/segment", json.dumps(message).encode())
            assert answer.status == 200
    commit.close()
    log.close()
    frames = [f.read_bytes() for f in folder.log.rglob("*") if f.is_file()]
    hashes = [pseudonym("email", ANN, key).encode() for key in folder.ring.now().every]
    assert all(any(one in frame for frame in frames) for one in hashes)
    while load(folder).more:
        pass
    home.run()
    units = {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}
    assert units["segment.user:ann-0"] == units["segment.user:ann-1"] != units["segment.user:bob-0"]
    assert home.sql("SELECT count(DISTINCT unit) AS n FROM orders")["n"].to_pylist() == [2]


def test_intake_costs_little_more_while_an_earlier_key_is_valid() -> None:
    from tests.pipeline.test_forgetting import NOW

    from hearthline import sources

    events: list[Event] = []
    for n in range(400):
        events += sources.read_all("segment", tracked(n, f"u{n}", f"u{n}@example.com"), NOW)[0]

    def seconds(keys: Ring) -> float:
        began = time.process_time()
        admitted_frame(events, [], [], keys, NOW)
        return time.process_time() - began

    one, two = Ring(b"a" * 32), Ring(b"b" * 32, (b"a" * 32,))
    pairs = [(seconds(one), seconds(two)) for _ in range(15)]
    assert median(later / earlier for earlier, later in pairs) < 2.5
