from hearthline.sim import simulate


def test_a_speaker_that_moves_is_seen_in_two_homes() -> None:
    devices = simulate("additive", 2000, 60, 1).devices.to_pylist()
    by_device: dict[str, list[dict]] = {}
    for row in devices:
        by_device.setdefault(row["device"], []).append(row)
    moved = [rows for rows in by_device.values() if len({r["home"] for r in rows}) > 1]
    assert len(moved) > 5
    for rows in moved:
        before, after = sorted(rows, key=lambda r: r["first"])
        assert before["kind"] == "speaker"
        assert before["last"] < after["first"]


def test_a_home_that_gave_its_speaker_away_buys_another() -> None:
    devices = simulate("additive", 2000, 60, 1).devices.to_pylist()
    assert sum(row["device"].endswith("-b") for row in devices) > 5


def test_some_homes_have_two_account_holders() -> None:
    members = simulate("additive", 500, 10, 1).members
    second = sum(m == 1 for m in members["member"].to_pylist())
    assert 70 < second < 180


def test_person_placed_orders_come_every_few_weeks() -> None:
    story = simulate("additive", 2000, 120, 1)
    hand = sum(kind == "person" for kind in story.orders["kind"].to_pylist())
    assert 20 < 2000 * 120 / hand < 40
