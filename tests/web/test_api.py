"""The read API: every form says the same, pages and tags work, errors have one shape, the client is the API."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
import requests

import hearthline as hl
from hearthline import reports
from hearthline.render.csv import csv_text
from hearthline.schema.errors import BadConfig, UnknownName, Unproven
from hearthline.server.api.openapi import document


def got(url: str, path: str, **more: Any) -> requests.Response:
    return requests.get(url + path, timeout=30, **more)


@pytest.mark.parametrize("name", reports.names())
def test_json_csv_arrow_and_parquet_hold_the_same_rows(url: str, town: Path, name: str) -> None:
    figure = hl.open_home(town).report(name).figure
    told = got(url, f"/api/reports/{name}").json()
    assert told["rows"] == json.loads(json.dumps(hl.Result(figure).json()["rows"]))
    assert told["total"] == figure.rows.num_rows
    assert got(url, f"/api/reports/{name}.csv").text == csv_text(figure)
    arrow = pa.ipc.open_stream(got(url, f"/api/reports/{name}.arrow").content).read_all()
    parquet = pa.parquet.read_table(io.BytesIO(got(url, f"/api/reports/{name}?format=parquet").content))
    assert arrow.equals(parquet)
    assert arrow.to_pylist() == figure.rows.to_pylist()
    assert len(list(csv.DictReader(io.StringIO(got(url, f"/api/reports/{name}.csv").text)))) == told["total"]


def test_the_form_is_said_by_the_ending_the_query_or_the_header(url: str) -> None:
    ways = [
        got(url, "/api/reports/homes.csv"),
        got(url, "/api/reports/homes?format=csv"),
        got(url, "/api/reports/homes", headers={"accept": "text/csv"}),
    ]
    assert len({w.text for w in ways}) == 1
    assert got(url, "/api/reports/homes.xlsx").status_code == 406


def test_rows_come_in_pages_that_name_the_next_one(url: str) -> None:
    whole = got(url, "/api/reports/attribution").json()["rows"]
    found, path = [], "/api/reports/attribution?limit=7"
    while path:
        page = got(url, path)
        found += page.json()["rows"]
        assert int(page.headers["x-total-count"]) == len(whole)
        path = page.headers["link"].partition(">")[0][1:] if "link" in page.headers else ""
    assert found == whole
    assert got(url, "/api/reports/attribution?limit=many").status_code == 400


@pytest.mark.parametrize(
    "path", ["/api/reports/overview", "/api/reports/overview.svg", "/api/run", "/api/rejects"]
)
def test_what_one_has_already_is_not_sent_again(url: str, path: str) -> None:
    first = got(url, path)
    again = got(url, path, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_report_is_narrowed_by_its_text_columns(url: str) -> None:
    rows = got(url, "/api/reports/attribution?kind=machine&model=Linear").json()["rows"]
    assert rows
    assert {(r["kind"], r["model"]) for r in rows} == {("machine", "Linear")}
    wrong = got(url, "/api/reports/attribution?colour=red")
    assert (wrong.status_code, "filter by one of" in wrong.json()["error"]["cure"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/reports/nope", 404),
        ("/api/nope", 404),
        ("/api/explain/nope", 404),
        ("/api/households/12", 404),
        ("/api/households/twelve", 404),
        ("/api/event?source=a&id=b", 404),
        ("/api/orders?limit=-1", 400),
        ("/api/reports/data_quality.svg", 404),
    ],
)
def test_every_error_has_one_shape(url: str, path: str, status: int) -> None:
    answer = got(url, path)
    assert answer.status_code == status
    told = answer.json()["error"]
    assert set(told) == {"status", "code", "message", "cure", "id"}
    assert told["status"] == status
    assert told["cure"]


def test_the_stream_begins_with_what_there_is(url: str) -> None:
    answer = got(url, "/api/stream?once=1")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: hello\ndata: {" in answer.text


def test_every_address_of_the_api_is_described(url: str) -> None:
    from hearthline.server.api.routes import ROUTES

    described = {p.replace("{order}", "{order:path}") for p in document()["paths"]}
    assert {r.path for r in ROUTES} - {"/api/{rest:path}"} == described
    page = got(url, "/api").text
    assert all(path in page for path in document()["paths"])
    assert "https://" not in page


def test_the_chart_has_its_own_table(url: str, town: Path) -> None:
    figure = hl.open_home(town).report("weeks").figure
    assert figure.chart is not None
    assert figure.chart.data is not None
    rows = got(url, "/api/reports/weeks?table=chart").json()["rows"]
    assert [r["amount"] for r in rows] == figure.chart.data["amount"].to_pylist()
    assert got(url, "/api/reports/weeks?table=legend").status_code == 400
    assert got(url, "/api/reports/data_quality?table=chart").status_code == 404


# The Python client ----------------------------------------------------------------


@pytest.mark.parametrize("name", reports.names())
def test_the_client_gives_what_the_python_api_gives(locked: str, town: Path, name: str) -> None:
    here, there = hl.open_home(town).report(name), hl.connect(locked, "reader").report(name)
    assert there.json() == json.loads(json.dumps(here.json()))
    assert there.arrow().equals(here.arrow())
    assert there._repr_html_() == here._repr_html_()


def test_the_client_explains_as_the_python_api_does(locked: str, town: Path) -> None:
    home, client = hl.open_home(town), hl.connect(locked, "whole")
    order = client.orders(kind="machine")[0]["order_id"]
    here, there = home.explain(order), client.explain(order)
    assert [t["credit"] for t in there.touches] == [t["credit"] for t in here.touches]
    assert [t["time"] for t in there.touches] == [t["time"] for t in here.touches]
    assert there.totals == here.totals
    assert there.order["net"] == here.order["net"]
    assert [k["left_id"] for k in there.links] == [k["left_id"] for k in here.links]


def test_the_client_gives_all_orders_of_all_pages(locked: str, town: Path) -> None:
    found = hl.connect(locked, "reader").orders()
    assert (
        sum(o["net"] for o in found)
        == hl.open_home(town).sql("SELECT sum(net) AS n FROM orders")["n"][0].as_py()
    )
    assert "attribution" in hl.connect(locked, "reader").html("attribution")


def test_the_clients_errors_are_those_of_the_python_api(locked: str, town: Path) -> None:
    assert hl.connect(locked, "reader").reports() == hl.open_home(town).reports()
    with pytest.raises(UnknownName, match="choose one of"):
        hl.connect(locked, "reader").report("nope")
    with pytest.raises(Unproven, match="read token"):
        hl.connect(locked, "guessed").about()
    with pytest.raises(BadConfig, match="nobody answers"):
        hl.connect("http://127.0.0.1:9").about()
    with pytest.raises(BadConfig, match="no HTTP address"):
        hl.connect("file:///etc/passwd")


def test_who_it_was_is_told_as_probabilities(url: str) -> None:
    unit = next(
        o["unit"]
        for o in got(url, "/api/orders?limit=1000").json()["orders"]
        if o["unit"] and len(got(url, f"/api/households/{o['unit']}").json()["whose"]["persons"]) > 1
    )
    whose = got(url, f"/api/households/{unit}").json()["whose"]
    for device in whose["devices"]:
        assert sum(w["part"] for w in device["who"]) == pytest.approx(1.0)
    order = got(url, "/api/orders").json()["orders"][0]["order_id"]
    actors = got(url, f"/api/explain/{order}").json()["actors"]
    assert sum(a["probability"] for a in actors) == pytest.approx(1.0)


def test_a_household_says_who_placed_its_orders_and_what_hangs_on_each_link(url: str) -> None:
    orders = got(url, "/api/orders?limit=1000").json()["orders"]
    unit = next(o["unit"] for o in orders if o["unit"])
    home = got(url, f"/api/households/{unit}").json()
    for order in home["orders"]:
        assert sum(a["probability"] for a in order["actors"]) == pytest.approx(1.0)
    assert home["links"]
    assert all(0 < k["sure"] < 1 for k in home["links"])
    assert all((k["at_stake"] is None) == (k["moves"] is None) for k in home["links"])
    page = requests.get(f"{url}/household/{unit}", timeout=30).text
    assert "At stake" in page
    assert "Placed by" in page


def test_a_threshold_is_tried_by_a_form_alone(url: str) -> None:
    said = {}
    for sure in ("0", "0.7", "0.99"):
        page = requests.get(f"{url}/identity?sure={sure}", timeout=30)
        assert page.status_code == 200
        assert f'<option value="{sure}" selected>' in page.text
        said[sure] = re.search(r"Homes and parts of homes</dt><dd>([\d,]+)", page.text)[1]
    assert (
        int(said["0"].replace(",", ""))
        <= int(said["0.7"].replace(",", ""))
        < int(said["0.99"].replace(",", ""))
    )
    assert requests.get(f"{url}/identity?sure=7", timeout=30).status_code == 422
