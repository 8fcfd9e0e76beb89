"""May this holder change what a statement changes? Rows of a table that its class writes to, or its own session."""

from notehouse_hub.service.query_gateway.canonical_request import Question
from notehouse_hub.service.query_gateway.gate.writing import Kind, Verdict
from notehouse_hub.service.query_gateway.holder import Holder, may_write
from notehouse_hub.service.query_gateway.refusal import READONLY, Refusal, bad_argument, denied


def check(verdict: Verdict, asked: Question, holder: Holder) -> None:
    """Raise Refusal unless what the gate let through may be done by this holder, in this request."""
    if verdict.kind is Kind.SESSION:
        _check_session(verdict, asked, holder)
    elif verdict.kind is Kind.INSERT:
        _check_insert(verdict, asked, holder)


def stays(verdict: Verdict, asked: Question, holder: Holder) -> bool:
    """Say whether this writes to a table that outlives the session."""
    named = (verdict.database or asked.database, verdict.table)
    return verdict.kind is Kind.INSERT and holder.access_class.writes(*named)


def _check_session(verdict: Verdict, asked: Question, holder: Holder) -> None:
    if asked.session is None:
        raise bad_argument(
            "SET and temporary tables are kept in a session, and this request has none. Give a session_id with this and "
            "the statements after it; for one statement alone, SETTINGS name = value stands at its end."
        )
    if verdict.table and holder.access_class.writes(asked.database, verdict.table):
        raise denied(
            f"There is a table {asked.database}.{verdict.table} that you write to. Call the temporary table otherwise."
        )


def _check_insert(verdict: Verdict, asked: Question, holder: Holder) -> None:
    if verdict.brings_rows != (asked.data is not None):
        raise bad_argument(
            "It could not be told where the rows of this INSERT begin. Write FORMAT name before them."
        )
    if stays(verdict, asked, holder) or (asked.session is not None and not verdict.database):
        return
    raise Refusal(READONLY, 403, _may_write(verdict, asked, holder))


def _may_write(verdict: Verdict, asked: Question, holder: Holder) -> str:
    table = f"{verdict.database or asked.database}.{verdict.table}"
    if not may_write(holder.claims):
        return (
            "Rows are written only by what a person runs or schedules: a notebook of their own, or a program with a "
            "token of their own. Dashboards and alerts read."
        )
    mine = holder.access_class.writable
    listed = f"You write to: {', '.join(mine[:20])}." if mine else "No role of yours writes to a table."
    return (
        f"You may not write to {table}. {listed} An admin of the platform gives that right to a role. Rows of your own "
        "for a while go into a temporary table, in a session (session_id)."
    )
