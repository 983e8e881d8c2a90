"""Rows of a table of events as canonical events: what is a touch, at which stage, through what."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.typed import Typed, told
from hearthline.files.words import (
    CHANNEL_OF_DEVICE,
    MODALITY_OF_DEVICE,
    Meaning,
    channel_of_visit,
    consent_of,
    device_kind,
    initiator_of,
    meaning_of,
    modality_of,
    slug,
    stage_of,
)

__all__ = ["common_columns", "event_columns", "reference"]

Columns = dict[str, pa.Array]
_HOME_DEVICES = ("speaker", "tv", "display", "appliance", "button", "sensor", "wearable", "vehicle", "hub")
_SETTLED = ("placed", "cancelled", "refunded")


def _text(value: str, n: int) -> pa.Array:
    return pa.repeat(value, n)


def reference(typed: Typed) -> Columns:
    """Return which automation each row belongs to: its subscription, slot or enrolment."""
    ids = [
        ("subscription", "subscription_id"),
        ("automation", "automation_id"),
        ("enrolment", "enrolment_id"),
    ]
    kinds = [pc.if_else(typed.get(f).is_valid(), kind, pa.scalar(None, pa.string())) for kind, f in ids]
    ref = pc.coalesce(*(typed.get(f) for _, f in ids))
    return {
        "automation_ref_id": ref,
        "automation_ref_type": pc.coalesce(*kinds),
        "automation_ref_system": pc.if_else(ref.is_valid(), "file", pa.scalar(None, pa.string())),
        "commerce_subscription": typed.get("subscription_id"),
    }


def common_columns(typed: Typed) -> Columns:
    """Return what every row has alike: clocks, consent, segment, session, adapter."""
    n = typed.n
    consent = told(typed.get("consent"), consent_of)
    return {
        "time": typed.get("time", pa.timestamp("us", "UTC")),
        "time_quality": pc.if_else(typed.get("is_day", pa.bool_()), "interval", "platform"),
        "tz_offset_min": typed.get("tz_offset", pa.int64()),
        "segment": typed.get("segment"),
        "correlation_session": typed.get("session_id"),
        "consent_measurement": consent,
        "consent_source": pc.if_else(consent.is_valid(), "file", pa.scalar(None, pa.string())),
        "raw_adapter": _text("file", n),
        "raw_adapter_version": pa.repeat(1, n).cast(pa.int64()),
    }


def _names(typed: Typed) -> tuple[pa.Array, list[Meaning], pa.Array]:
    """Return the events' names, and their meanings as distinct ones and codes."""
    # A log of advertisements has no column that says they ran: every row does.
    ran = typed.has("ad") and not typed.has("event")
    names = pc.fill_null(typed.get("event"), "impression" if ran else "touch")
    coded = names.dictionary_encode()
    return names, [meaning_of(v) for v in coded.dictionary.to_pylist()], coded.indices


def _spread(meanings: list[Meaning], codes: pa.Array, attribute: str) -> pa.Array:
    kind = pa.bool_() if attribute in ("telemetry", "human") else pa.string()
    return pa.array([getattr(m, attribute) for m in meanings], kind).take(codes)


def _visit(typed: Typed) -> pa.Array:
    """Return the channel that source and medium tell."""
    if not (typed.has("source") or typed.has("medium")):
        return pa.nulls(typed.n, pa.string())
    both = pc.binary_join_element_wise(
        pc.fill_null(typed.get("source"), ""), pc.fill_null(typed.get("medium"), ""), "\x1f"
    )

    def rule(pair: str) -> str | None:
        source, _, medium = pair.partition("\x1f")
        return channel_of_visit(source or None, medium or None)

    return told(both, rule)


def _channel(typed: Typed, kind: pa.Array, perceived: pa.Array, touchable: pa.Array) -> pa.Array:
    by_device = pc.if_else(perceived, told(kind, CHANNEL_OF_DEVICE.get), pa.scalar(None, pa.string()))
    channel = pc.coalesce(typed.get("channel"), _visit(typed), by_device)
    return pc.if_else(touchable, channel, pa.scalar(None, pa.string()))


def _initiator(typed: Typed, telemetry: pa.Array, human: pa.Array) -> Columns:
    said = told(typed.get("initiator"), initiator_of)
    none = pa.scalar(None, pa.string())
    by_event = pc.if_else(human, "human", pc.if_else(telemetry, "machine", none))
    evidence = pc.if_else(said.is_valid(), "initiator", pc.if_else(by_event.is_valid(), "event", none))
    return {"initiator_kind": pc.coalesce(said, by_event), "initiator_evidence": evidence}


def _types(
    names: pa.Array, kind: pa.Array, layer: pa.Array, told_object: pa.Array, action: pa.Array
) -> pa.Array:
    own = pc.fill_null(kind, pa.scalar("event"))
    thing = pc.coalesce(told_object, pc.if_else(pc.equal(layer, "media"), "ad", own))
    return pc.binary_join_element_wise(layer, thing, pc.coalesce(action, told(names, slug)), ".")


def event_columns(typed: Typed) -> Columns:
    """Return the columns of rows that are no orders, as far as a table of events tells them."""
    names, meanings, codes = _names(typed)
    kind = told(typed.get("device_type"), device_kind)
    of = {a: _spread(meanings, codes, a) for a in Meaning.__slots__}
    # A door that opens is no visit: what sensors and hubs say is telemetry, whatever its words.
    sensed = pc.fill_null(pc.is_in(kind, pa.array(["sensor", "hub"])), fill_value=False)
    of["telemetry"] = pc.or_(of["telemetry"], pc.and_(sensed, pc.is_null(of["role"])))
    of["stage"] = pc.if_else(of["telemetry"], "none", of["stage"])
    of["human"] = pc.and_(of["human"], pc.invert(of["telemetry"]))
    stage = pc.coalesce(told(typed.get("stage"), stage_of), of["stage"])
    settled = pc.fill_null(pc.is_in(of["commerce"], pa.array(_SETTLED)), fill_value=False)
    touchable = pc.invert(pc.or_(pc.or_(of["telemetry"], settled), of["role"].is_valid()))
    perceived = pc.is_in(stage, pa.array(["awareness", "consideration", "purchase"]))
    home = pc.fill_null(pc.is_in(kind, pa.array(_HOME_DEVICES)), fill_value=False)
    commerce = pc.or_(of["object"].is_valid(), of["commerce"].is_valid())
    layer = pc.if_else(
        of["exposure"].is_valid(),
        "media",
        pc.if_else(commerce, "commerce", pc.if_else(pc.or_(of["telemetry"], home), "device", "platform")),
    )
    viewed = pc.if_else(pc.equal(of["commerce"], "viewed"), "product", pa.scalar(None, pa.string()))
    modality = told(typed.get("modality"), lambda v: None if modality_of(v) == "unknown" else modality_of(v))
    return {
        **common_columns(typed),
        **_initiator(typed, of["telemetry"], of["human"]),
        **_automation(typed, of),
        **_described(typed, of, names),
        "id": typed.get("event_id"),
        "type": _types(names, kind, layer, pc.coalesce(of["object"], viewed), of["action"]),
        "layer": layer,
        "stage": stage,
        "modality": pc.coalesce(modality, told(kind, MODALITY_OF_DEVICE.get)),
        "device_kind": kind,
        "touch_channel": _channel(typed, kind, perceived, touchable),
    }


def _automation(typed: Typed, of: Columns) -> Columns:
    """Return enrolments and their ends; other rows of events name no automation."""
    standing = of["role"].is_valid()
    none = pa.scalar(None, pa.string())
    ref = {name: pc.if_else(standing, column, none) for name, column in reference(typed).items()}
    return {**ref, "automation_role": of["role"], "automation_kind": of["standing"]}


def _described(typed: Typed, of: Columns, names: pa.Array) -> Columns:
    """Return what is copied as it stands: device, advertisement, reading, campaign, order."""
    none = pa.scalar(None, pa.string())
    value = typed.get("value")
    reading = pc.or_(of["telemetry"], value.is_valid())
    number = pc.match_substring_regex(pc.fill_null(value, ""), r"^-?\d{1,15}(\.\d{1,15})?$")
    return {
        "device_id": typed.get("device_id"),
        "device_make": typed.get("device_make"),
        "device_model": typed.get("device_model"),
        "device_room": typed.get("room"),
        "exposure_event": of["exposure"],
        "exposure_ad": typed.get("ad"),
        "exposure_creative": typed.get("creative"),
        "exposure_seconds": told(typed.get("seconds"), _seconds, pa.float64()),
        "intent_name": typed.get("intent"),
        "intent_locale": typed.get("locale"),
        "signal_attribute": pc.if_else(reading, told(names, slug), none),
        "signal_value": value,
        "signal_number": pc.cast(pc.if_else(number, value, none), pa.float64()),
        "signal_unit": typed.get("unit"),
        "touch_source": typed.get("source"),
        "touch_medium": typed.get("medium"),
        "touch_campaign": typed.get("campaign"),
        "touch_content": typed.get("content"),
        "touch_term": typed.get("term"),
        "commerce_action": of["commerce"],
        "commerce_order": typed.get("order_id"),
    }


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if np.isfinite(seconds) and seconds >= 0 else None
