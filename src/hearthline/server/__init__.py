"""The doors of a running Hearthline: events come in by HTTP and MQTT, answers go out by API and screens.

`ingest` (HTTP) and `mqtt` take events in; `api` and `dashboard` show answers. None of the four knows another.
What the two write doors share stands here: `taking` turns what a platform sent into the frame of the log,
`commit` makes frames durable, many at a time.
"""
