"""What a script run costs: a flat number of queries, and no call to anybody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from jobs.job import State


@contextmanager
def statements(screens) -> Iterator[list[str]]:
    seen: list[str] = []
    engine = screens.studio.database._engine

    def note(connection, cursor, statement, *rest) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def queries(screens, tab) -> list[str]:
    tab.run()  # once to settle
    with statements(screens) as seen:
        tab.run()
    assert not tab.exception
    return [
        statement for statement in seen if statement.lstrip()[:6] in ("SELECT", "UPDATE", "INSERT")
    ]


@pytest.mark.parametrize("page", ["library", "create", "picture"])
@pytest.mark.parametrize("state", [State.DONE, State.PENDING, State.UNKNOWN, State.FAILED])
def test_twelve_cards_cost_as_many_queries_as_one(screens, page, state):
    screens.job(state)
    tab = screens.tab(page)
    one = queries(screens, tab)
    for _ in range(11):
        screens.job(state)
    twelve = queries(screens, tab)
    assert len(twelve) == len(one), twelve
    assert len(one) <= 5
    assert not [each for each in one if not each.lstrip().startswith("SELECT")], (
        "looking writes nothing"
    )


def test_open_menus_cost_no_more(screens):
    jobs = [screens.job(State.DONE) for _ in range(12)]
    tab = screens.tab("library")
    closed = queries(screens, tab)
    for job in jobs:
        tab.session_state[f"more-{job.id}"] = True
    assert len(queries(screens, tab)) == len(closed)


@pytest.mark.parametrize("count", [1, 50])
def test_the_table_asks_once(screens, count):
    for _ in range(count):
        screens.job(State.DONE)
    tab = screens.tab("library")
    tab.button_group("view").set_value("table").run()
    assert len(queries(screens, tab)) <= 5


def test_a_card_alone_asks_only_who_looks(screens, monkeypatch):
    job = screens.job(State.DONE)
    tab = screens.tab("library")
    with statements(screens) as seen:
        screens.rerun_fragment(tab, f"card-{job.id}", monkeypatch)
    asked = [statement for statement in seen if statement.lstrip().startswith("SELECT")]
    assert len(asked) <= 2, asked
    assert not [statement for statement in asked if "FROM jobs" in statement]


def test_connections_are_really_refused_here():
    with pytest.raises(AssertionError, match="opens a connection"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
