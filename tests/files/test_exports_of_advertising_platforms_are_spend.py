"""The exports of advertising platforms, with the columns that each documents."""

from decimal import Decimal

import pytest

from hearthline import files

EXPORTS = {
    "meta-ads": (
        "Campaign name,Ad set name,Reporting starts,Reporting ends,Amount spent (EUR),Impressions,Link clicks\n"
        "Spring,Broad,2026-03-01,2026-03-01,12.34,1000,10\n"
    ),
    "meta-ads by its API": (
        "date_start,date_stop,campaign_name,spend,impressions,account_currency\n"
        "2026-03-01,2026-03-01,Spring,12.34,1000,EUR\n"
    ),
    "google-ads": (
        "Campaign report\n1 March 2026 - 2 March 2026\n"
        "Campaign,Day,Currency code,Cost,Impr.,Clicks\nSpring,2026-03-01,EUR,12.34,1000,10\n"
    ),
    "google-ads by its API": (
        "campaign_name,segments_date,metrics_cost_micros,customer_currency_code\n"
        "Spring,2026-03-01,12340000,EUR\n"
    ),
    "amazon-ads": (
        "Date,Portfolio name,Currency,Campaign Name,Impressions,Clicks,Cost Per Click (CPC),Spend\n"
        '"Mar 01, 2026",Not grouped,EUR,Spring,1000,10,0.50,€12.34\n'
    ),
    "amazon-ads by its API": (
        "date,campaignName,campaignId,impressions,clicks,cost,campaignBudgetCurrencyCode\n"
        "2026-03-01,Spring,7,1000,10,12.34,EUR\n"
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_is_cost_by_channel_campaign_and_day(tmp_path, export):
    path = tmp_path / "report.csv"
    path.write_text(EXPORTS[export], encoding="utf-8")
    (part,) = files.read(path)
    assert (part.kind, part.rejects) == ("spend", [])
    (row,) = part.spend.drop_columns(["source", "row"]).to_pylist()
    assert row == {
        "channel": export.split()[0],
        "campaign": "Spring",
        "day": row["day"],
        "cost": Decimal("12.3400"),
        "currency": "EUR",
    }
    assert row["day"].isoformat() == "2026-03-01"


def test_the_line_of_totals_is_refused_with_its_place(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text(EXPORTS["google-ads"] + "Total: Campaigns,,EUR,12.34,1000,10\n")
    (part,) = files.read(path)
    assert (part.accepted, [r.place for r in part.rejects]) == (1, [f"{path}:5:18"])


def test_any_other_table_of_cost_is_spend_by_its_columns_or_a_mapping(tmp_path):
    path = tmp_path / "radio.csv"
    path.write_text("Tag,Ausgaben\n2026-03-01,12.34\n")
    (part,) = files.read(path, {"channel": "radio", "currency": "EUR"})
    assert part.spend.select(["channel", "cost"]).to_pylist() == [
        {"channel": "radio", "cost": Decimal("12.3400")}
    ]
