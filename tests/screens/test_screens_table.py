"""The library as a table, and its export that no spreadsheet runs."""

from __future__ import annotations

import io
import logging
import time

import pandas as pd
import pytest
import sqlalchemy as sa

import ui.table
from jobs.job import State
from jobs.tables import jobs

FORMULAS = [f"{start}1+1" for start in ui.table.FORMULA_STARTS]


def row_of(**values):
    now = time.time()
    return {
        "form_token": values["id"], "owner": "paula", "gateway": "rehearsal", "version": 1,
        "model": "grok-imagine-video", "prompt": "a cat", "duration": 6, "resolution": "480p",
        "estimate_usd": 0.3, "state": State.DONE, "created_at": now, "next_at": now,
        "fence": 0, "attempts": 1, "errors": 0, **values,
    }  # fmt: skip


@pytest.fixture
def exported(monkeypatch):
    """Collects what the export button would hand out; pressed later, outside of any run."""
    offered = []
    real = ui.table.st.download_button

    def offer(*args, **values):
        offered.append(values["data"])
        return real(*args, **values)

    monkeypatch.setattr(ui.table.st, "download_button", offer)
    return lambda: offered[-1]()


def table(screens, language=None):
    tab = screens.tab("library", language=language)
    tab.button_group("view").set_value("table").run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def test_an_empty_table_says_so(screens):
    tab = table(screens)
    assert len(tab.info) == 1
    assert not tab.dataframe
    assert not tab.download_button


def test_the_table_has_a_row_a_job_newest_first(screens):
    made = [
        screens.job(state, prompt=f"{state} one", created_at=1e9 + n)
        for n, state in enumerate(State)
    ]
    screens.job(State.DONE, owner="peter", prompt="of somebody else")
    shown = table(screens).dataframe[0].value
    assert shown["Prompt"].tolist() == [job.prompt for job in reversed(made)]
    assert len(shown.columns) == len(set(shown.columns)) == 9


def test_the_view_is_kept_while_one_looks_elsewhere(screens):
    screens.job(State.DONE)
    tab = table(screens)
    screens.go(tab, "create")
    screens.go(tab, "library")
    assert tab.button_group("view").value == "table"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_export_is_what_the_table_shows(screens, exported, language):
    prompts = ["plain", 'with "quotes", commas\nand lines', "猫在花园里", "🎬 film", "  =spaced"]
    for n, prompt in enumerate(prompts):
        screens.job(State.DONE, prompt=prompt, created_at=1e9 + n)
    shown = table(screens, language).dataframe[0].value
    written = exported()
    assert written.startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(io.BytesIO(written), keep_default_na=False)
    assert back.columns.tolist() == shown.columns.tolist()
    assert back.iloc[:, 2].tolist() == prompts[::-1]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_the_export_is_a_formula(screens, exported, formula):
    screens.job(State.DONE, prompt=formula, request_id=formula)
    table(screens)
    back = pd.read_csv(io.BytesIO(exported()), keep_default_na=False, dtype=str)
    for cell in back.iloc[0]:
        assert not cell.startswith(ui.table.FORMULA_STARTS)
    assert f"'{formula}".splitlines()[0] in back.iloc[0, 2]


def test_the_export_button_needs_no_page_behind_it(screens, exported, caplog):
    """It is asked for outside of a script run, where there is no session and no language."""
    screens.job(State.DONE)
    table(screens, "zh")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert exported()
    assert not [each for each in caplog.records if "ScriptRunContext" in each.getMessage()]


def test_ten_thousand_rows(screens, exported):
    rows = [row_of(id=f"{n:020}", prompt=f"cat {n} =1+1", version=n) for n in range(10_001)]
    with screens.studio.database.write() as connection:
        connection.execute(sa.insert(jobs), rows)
    began = time.perf_counter()
    tab = table(screens)
    assert len(tab.dataframe[0].value) == 10_000
    assert len(pd.read_csv(io.BytesIO(exported()))) == 10_000
    assert time.perf_counter() - began < 15
