"""Is a process ready to serve?"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

import httpx
import psycopg

Probe = Callable[[], Awaitable[bool]]


@cache
def _certificates() -> ssl.SSLContext:
    """Read the machine's certificates once: a client of its own would read them again for every look."""
    return ssl.create_default_context()


def _client(patience: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=patience, verify=_certificates())


def http(url: str, headers: Mapping[str, str] | None = None) -> Probe:
    """Ready when the address answers 200."""

    async def probe() -> bool:
        try:
            async with _client(3) as client:
                return (await client.get(url, headers=headers)).status_code == 200
        except httpx.HTTPError:
            return False

    return probe


def answers(url: str) -> Probe:
    """Alive when the address answers anything at all; what it waits for itself may be away."""

    async def probe() -> bool:
        try:
            async with _client(10) as client:
                await client.get(url)
        except httpx.HTTPError:
            return False
        return True

    return probe


def postgres(url: str) -> Probe:
    """Ready when a connection to this SQLAlchemy URL answers a query."""
    address = url.replace("postgresql+psycopg://", "postgresql://")

    async def probe() -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(address, connect_timeout=3, autocommit=True)
            async with connection:
                await connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    return probe


async def lives_on() -> bool:
    """Ready as soon as it runs: for processes with no port of their own."""
    await asyncio.sleep(0)
    return True
