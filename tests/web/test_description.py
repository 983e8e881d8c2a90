"""The API keeps to its description, whatever is sent: schemathesis asks, nothing fails."""

from typing import Any

import hypothesis
import schemathesis

from hearthline.server.api.openapi import document

SCHEMA: Any = schemathesis.openapi.from_dict(document()).exclude(
    path="/api/stream"
)  # it has no end by itself


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=15, deadline=None, derandomize=True, database=None)
def test_the_api_keeps_to_its_description(case: Any, locked: str) -> None:
    case.call_and_validate(base_url=locked, headers={"Authorization": "Bearer writer"})
