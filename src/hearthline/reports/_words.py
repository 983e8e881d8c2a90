"""The words for kinds of orders and for the stages and steps of the journey map."""

__all__ = ["BASELINE", "KINDS", "PLACED", "STAGES", "STEPS", "channel"]

BASELINE = "(baseline)"

KINDS = {
    "all": "All orders",
    "person": "Placed by a person",
    "subscription": "Subscription renewals",
    "machine": "Placed by a machine",
}

PLACED = {
    "person": "a person",
    "subscription": "a subscription",
    "machine": "a machine",
    "all": "all together",
}
"""The same, short, under the heading `Placed by`."""

STAGES = {
    "awareness": "Awareness",
    "consideration": "Consideration",
    "purchase": "Purchase",
    "post_purchase": "Post-purchase",
}

STEPS = {
    "tv": ("awareness", "TV"),
    "voice_search": ("awareness", "Voice search"),
    "car_audio": ("awareness", "Car audio"),
    "home_display": ("awareness", "Home display"),
    "other_awareness": ("awareness", "Other awareness"),
    "voice_research": ("consideration", "Voice research"),
    "comparison": ("consideration", "Comparison"),
    "compatibility_check": ("consideration", "Compatibility check"),
    "ecosystem_planning": ("consideration", "Ecosystem planning"),
    "other_consideration": ("consideration", "Other consideration"),
    "voice_order": ("purchase", "Voice order"),
    "device_order": ("purchase", "Device order"),
    "payment_activation": ("purchase", "Payment activation"),
    "device_subscription": ("purchase", "Device subscription"),
    "other_purchase": ("purchase", "Other purchase"),
    "setup": ("post_purchase", "Set-up"),
    "usage": ("post_purchase", "Usage"),
    "service": ("post_purchase", "Service"),
    "replenishment": ("post_purchase", "Replenishment"),
    "other_post_purchase": ("post_purchase", "Other post-purchase"),
}


def channel(name: str) -> str:
    """Return a channel's name as screens show it."""
    return "Baseline (no touch)" if name == BASELINE else name
