"""How Pub/Sub proves a push: with a token that Google signed, or with a secret in the address.

Settings of an account: `audience` is the one that the subscription has, `service_account` the account that it
pushes as. Where they are set no secret of the account is enough; a write key of ours still opens, for it is
looked at before `verify` is asked.
"""

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Issuer, Proof, Sent, carried_secret, text, token_claims

__all__ = ["verify"]

_PLACE = "gcp_iot_core"
_NAMES = ("https://accounts.google.com", "accounts.google.com")
_KEYS = "https://www.googleapis.com/oauth2/v3/certs"


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of Pub/Sub: its token where the account asks for one, else a shared secret.

    Raises:
        Unproven: neither fits.
    """
    audience, pusher = account.settings.get("audience"), account.settings.get("service_account")
    if not audience and not pusher:
        return carried_secret(sent, account, _PLACE)
    if not audience or not pusher:
        raise Unproven(_PLACE, "'audience' or 'service_account' is missing", "set both for this account")
    claims = token_claims(sent, account, Issuer(_NAMES, audience, _KEYS), _PLACE)
    # Anyone at Google can have a token for any audience: only its account says that it is our subscription.
    if claims.get("email") != pusher or claims.get("email_verified") is not True:
        raise Unproven(_PLACE, "the token is of another service account", "set 'service_account'")
    return Proof(scheme="google-jwt", key_id=text(claims.get("sub")))
