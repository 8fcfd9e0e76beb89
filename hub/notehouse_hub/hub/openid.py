"""Login through an OpenID provider, beside the local accounts."""

from __future__ import annotations

from typing import Any

import httpx
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthLoginHandler
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets import Unicode

from notehouse_core.errors import Forbidden
from notehouse_core.store import audit
from notehouse_core.store.database import Database
from notehouse_core.store.identities import NO_TENANT, Identity, admit, mapped_places, may_enter, places_of
from notehouse_hub.hub.accounts import Account, find_account
from notehouse_hub.hub.authenticator import LATE, LocalAccounts
from notehouse_hub.hub.homes import NAME
from notehouse_hub.hub.id_token import NOBODY, IdTokens
from notehouse_hub.hub.login_sessions import BeginsSession
from notehouse_hub.hub.roles import is_gateway

DISCOVERY = "/.well-known/openid-configuration"
_SECONDS = 10


class ToProvider(OAuthLoginHandler):  # type: ignore[misc]
    """Sends a browser to the provider."""

    async def get(self) -> None:
        """Find out where the provider is first: it may have been away when the Hub started."""
        await self.authenticator.discover()
        super().get()


class FromProvider(BeginsSession, OAuthCallbackHandler):  # type: ignore[misc]
    """Takes a browser back from the provider; only the browser that began a sign-in may end it."""

    def check_error(self) -> None:
        """Say in our own words that the provider refused: its own come by the address, which anybody can write."""
        if said := self.get_argument("error", ""):
            self.log.warning("The OpenID provider refused a sign-in: %.100r", said)
            raise HTTPError(403, "Your organisation's sign-in did not let you in. Begin again, or ask there.")

    def check_state(self) -> None:
        """Compare what comes back with what this browser took along. Raises HTTPError 400."""
        try:
            super().check_state()
        except (HTTPError, ValueError) as error:
            raise HTTPError(400, LATE) from error

    async def login_user(self, data: Any = None) -> Any:
        """Log in; who is refused is written down with the reason."""
        try:
            return await super().login_user(data)
        except HTTPError as error:
            if error.status_code == 403:
                async with self.authenticator.database.session() as session:
                    details = {"wrong": "provider", "why": error.log_message}
                    address = self.request.remote_ip
                    await audit.record(session, "unknown", "login-failed", "", details, address=address)
            raise


class OpenIdAccounts(GenericOAuthenticator):  # type: ignore[misc]
    """The provider's people, by their groups; local accounts log in by the form, as ever."""

    database_url = Unicode(help="Postgres with the accounts, as an SQLAlchemy URL").tag(config=True)
    issuer = Unicode(help="The provider's address, as its discovery document names it").tag(config=True)
    groups_claim = Unicode("groups", help="The claim with the list of groups").tag(config=True)
    groups_pattern = Unicode(help="What a whole group must look like; names tenant and role").tag(config=True)
    account_key = Unicode(help="The platform's secret for second factors of local accounts").tag(config=True)
    login_handler = ToProvider
    callback_handler = FromProvider

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.database = Database(self.database_url)
        self._subjects: dict[Any, Any] = {}
        self._local = LocalAccounts(
            parent=self.parent, database_url=self.database_url, account_key=self.account_key
        )

    def get_handlers(self, app: Any) -> list[Any]:
        """Return the pages of the provider's login, beside those of local accounts."""
        provider = [("/oauth_login", self.login_handler), ("/oauth_callback", self.callback_handler)]
        return [*self._local.get_handlers(app), *provider]

    def login_url(self, base_url: str) -> str:
        """Lead to our own login page, which offers both ways."""
        return f"{base_url}login"

    async def discover(self) -> None:
        """Learn the provider's addresses, once. Raises HTTPError 502 when it does not answer as itself."""
        if self.authorize_url:  # type: ignore[has-type]
            return
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                found = (await client.get(self.issuer.rstrip("/") + DISCOVERY)).raise_for_status().json()
            if found["issuer"].rstrip("/") != self.issuer.rstrip("/"):
                raise ValueError(f"it calls itself {found['issuer']}")
            self.token_url, self.userdata_url = found["token_endpoint"], found["userinfo_endpoint"]
            algorithms = found.get("id_token_signing_alg_values_supported", ["RS256"])
            self._id_tokens = IdTokens(found["issuer"], self.client_id, found["jwks_uri"], algorithms)
            self.authorize_url = found["authorization_endpoint"]
        except (httpx.HTTPError, KeyError, ValueError) as error:
            self.log.error("The OpenID provider at %s cannot be used: %s", self.issuer, error)
            raise HTTPError(
                502, "Your organisation's sign-in does not answer. Try again in a minute."
            ) from error

    async def authenticate(self, handler: Any, data: Any = None, **kwargs: Any) -> Any:
        """Return who it is: of the form a local account, of the provider's answer one of its people."""
        if data:
            return await self._local.authenticate(handler, data)
        await self.discover()
        return await super().authenticate(handler, data, **kwargs)

    async def get_token_info(self, handler: Any, params: Any) -> Any:
        """Trade a code, or a refresh token, for tokens that are about somebody and for us. Raises HTTPError 403."""
        try:
            found = await super().get_token_info(handler, params)
        except HTTPClientError as error:
            self.log.warning("The OpenID provider gave no token: %s", error)
            raise HTTPError(403, LATE) from error
        if found.get("id_token") or params.get("grant_type") == "authorization_code":
            found["subject"] = await self._id_tokens.subject(found.get("id_token"))
        else:
            found["subject"] = self._subjects.get(params.get("refresh_token"))
        return found

    async def token_to_user(self, token_info: Any) -> Any:
        """Return what the provider tells of somebody: of nobody but whom the ID token was about."""
        told = await super().token_to_user(token_info)
        if not told.get("sub") or told["sub"] != token_info.get("subject"):
            raise HTTPError(403, NOBODY)
        return told

    def user_info_to_username(self, user_info: Any) -> str:
        """Return the name somebody would get here at first. Raises HTTPError 403 for one that nobody can have."""
        name = str(user_info.get(self.username_claim) or "").lower()
        if not NAME.fullmatch(name) or is_gateway(name):
            raise HTTPError(403, "Your account's name cannot be used here. Ask your administrator.")
        return name

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Turn groups into roles, at each login and each refresh. Raises HTTPError 403 with the reason."""
        told = auth_model["auth_state"][self.user_auth_state_key]
        groups = told.get(self.groups_claim)
        identity = self._identity(told, auth_model["name"])
        account = await self._account(identity, groups if isinstance(groups, list) else [])
        auth_model["auth_state"]["hub_groups"] = account.groups
        return {**auth_model, "name": account.username, "admin": account.is_admin}

    async def _account(self, identity: Identity, groups: list[Any]) -> Account:
        """Return the account of an identity; what the provider took away is gone even when this refuses."""
        try:
            async with self.database.session() as session:
                places = places_of(groups, self.groups_pattern) | await mapped_places(session, groups)
                user = await admit(session, identity, places)
        except Forbidden as error:
            raise HTTPError(403, error.message) from error
        async with self.database.session() as session:
            account = await find_account(session, user.username)
            if account is None or not account.is_active:
                raise HTTPError(403, "Your account is closed here. Ask your administrator.")
            if not await may_enter(session, user):
                raise HTTPError(403, NO_TENANT)
        return account

    def _identity(self, told: dict[str, Any], name: str) -> Identity:
        if not told.get("sub"):
            raise HTTPError(403, NOBODY)
        given, family = str(told.get("given_name") or ""), str(told.get("family_name") or "")
        email = str(told.get("email") or "") if told.get("email_verified", True) else ""
        return Identity(self.issuer.rstrip("/"), str(told["sub"]), name, email, given, family)

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        """Return the Hub's groups, which our roles decide."""
        return set(auth_state["hub_groups"])

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Any:
        """Ask the provider again; False ends the login of who is in no group any more."""
        state = None if is_gateway(user.name) else await user.get_auth_state()
        if not state:
            return await self._local.refresh_user(user, handler)
        await self.discover()
        told, before = state.get("token_response", {}), state.get("refresh_token")
        self._subjects[before] = told.get("subject")  # an answer to a refresh token may have no ID token
        try:
            return await super().refresh_user(user, handler, **kwargs)
        except HTTPError as error:
            if error.status_code != 403:
                raise
            self.log.warning("%s is let in no longer: %s", user.name, error.log_message)
            return False
        finally:
            self._subjects.pop(before, None)

    def add_user(self, user: Any) -> None:
        """Take a new Hub user in, service users of kernel gateways too."""
        self._local.add_user(user)
