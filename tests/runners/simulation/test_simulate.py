"""`rnd runners simulate` as a person calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.organisation import load_organisation
from tests.helpers.organisations import shipped
from tests.helpers.pages import read_page
from tests.runners.simulation.test_job_list import job

if TYPE_CHECKING:
    from pathlib import Path

RUNNERS = load_organisation().runners
FIRST, WANTED = next(iter(RUNNERS.classes.items()))
WEEK = ("--period", "7")


def simulate(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """Simulate a week, and return the document."""
    assert cli.main(["runners", "simulate", "--json", *WEEK, *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def complaint(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    """Return code and message of the error that ends a simulation."""
    assert cli.main(["runners", "simulate", "--json", *options]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    return error["code"], error["message"]


def test_the_policy_is_that_of_org_yml(capsys: pytest.CaptureFixture[str]) -> None:
    document = simulate(capsys)
    assert list(document["classes"]) == list(RUNNERS.classes)
    for name, found in document["classes"].items():
        wanted = RUNNERS.classes[name]
        assert found["policy"] == {
            "always_on": wanted.always_on,
            "business_hours_extra": wanted.business_hours_extra,
            "maximum": wanted.maximum,
            "timezone": RUNNERS.timezone,
            "business_hours": RUNNERS.business_hours.model_dump(),
            "boot_seconds": 240,
            "idle_seconds": 900,
            "pickup_seconds": 40,
        }
        assert found["jobs"] > 1000
        assert found["waits"]["p50"] <= found["waits"]["p95"] <= found["waits"]["p99"]
        assert 0 < found["idle_share"] < 1
        assert found["peak"] <= wanted.maximum
    assert document["cost_month"] == sum(found["cost_month"] for found in document["classes"].values())
    assert document["currency"] == RUNNERS.prices.currency


def test_the_same_seed_the_same_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(capsys) == simulate(capsys) != simulate(capsys, "--seed", "2")


def test_options_stand_above_org_yml_for_all_classes_or_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--maximum", "9", "--maximum", f"{FIRST}=8", "--always-on", f"{FIRST}=2", "--business-hours-extra", "0"]
    options += ["--timezone", "Asia/Tokyo", "--business-hours", "07:30-19:00", "--business-days", "Mon-Sat"]
    options += ["--boot-minutes", "2", "--idle-minutes", "0", "--pickup-seconds", "5.5"]
    classes = simulate(capsys, *options)["classes"]
    for name, found in classes.items():
        policy = found["policy"]
        assert policy["maximum"] == (8 if name == FIRST else 9)
        assert policy["always_on"] == (2 if name == FIRST else RUNNERS.classes[name].always_on)
        assert policy["timezone"] == "Asia/Tokyo"
        assert policy["business_hours"] == {"days": "Mon-Sat", "start": "07:30", "end": "19:00"}
        assert (policy["boot_seconds"], policy["idle_seconds"], policy["pickup_seconds"]) == (120, 0, 5.5)


def test_one_class_and_its_load(capsys: pytest.CaptureFixture[str]) -> None:
    load = ("--jobs-per-day", f"{FIRST}=50", "--durations", "constant", "--job-minutes", "3", "--burst", "1")
    document = simulate(capsys, "--class", FIRST, *load)
    assert list(document["classes"]) == [FIRST]
    assert document["classes"][FIRST]["jobs"] == pytest.approx(350, rel=0.2)


def test_another_class_leaves_the_jobs_of_this_one_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(capsys)["classes"][FIRST] == simulate(capsys, "--class", FIRST)["classes"][FIRST]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runners", "simulate", *WEEK]) == 0
    said = capsys.readouterr().out
    for text in (
        f"{RUNNERS.prices.currency} a month",
        "wait p50",
        f"{WANTED.always_on} + {WANTED.business_hours_extra}, at most {WANTED.maximum}",
        *RUNNERS.classes,
    ):
        assert text in said


@shipped
def test_the_example_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed gives the same jobs on every machine, so that the page shows what everybody sees."""
    page = read_page("docs/how-to/choose-machines.md").partition(
        "$ rnd runners simulate --jobs-per-day research-gpu=20\n"
    )
    assert cli.main(["runners", "simulate", "--jobs-per-day", "research-gpu=20"]) == 0
    shown = page[2].partition("```")[0]
    assert [line.split() for line in capsys.readouterr().out.strip().splitlines()[2:]] == [
        line.split() for line in shown.strip().splitlines()[2:]
    ]


def test_jobs_as_github_reports_them_are_replayed_beside_what_really_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [job(labels=WANTED.labels), job(labels=["ubuntu-latest"])]
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    found = simulate(capsys, "--jobs", str(path), "--always-on", f"{FIRST}=1", "--pickup-seconds", "30")["classes"]
    assert list(found) == [FIRST]
    assert found[FIRST]["jobs"] == 1
    assert found[FIRST]["waits"] == {"mean": 30, "p50": 30, "p95": 30, "p99": 30}
    assert found[FIRST]["reported_waits"] == {"mean": 90, "p50": 90, "p95": 90, "p99": 90}
    assert cli.main(["runners", "simulate", "--jobs", str(path)]) == 0
    assert "as measured" in capsys.readouterr().out


def test_a_single_job_without_length_is_no_division_by_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "jobs.json"
    moments = dict.fromkeys(("created_at", "started_at", "completed_at"), "2026-11-02T09:00:00Z")
    path.write_text(json.dumps([job(labels=WANTED.labels, **moments)]), encoding="utf-8")
    options = ("--jobs", str(path), "--pickup-seconds", "0", "--always-on", f"{FIRST}=1")
    found = simulate(capsys, *options)["classes"][FIRST]
    assert found["waits"]["p99"] == 0
    assert found["idle_share"] == 1


def test_bad_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "jobs.json"
    path.write_text(f"[{json.dumps(job())},\n{json.dumps(job(created_at=None))}]", encoding="utf-8")
    code, said = complaint(capsys, "--jobs", str(path))
    assert code == "job-list-invalid"
    assert said.startswith(f"{path}:2: created_at is missing")


def test_jobs_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps([job(labels=["ubuntu-latest"])]), encoding="utf-8")
    code, said = complaint(capsys, "--jobs", str(path))
    assert code == "job-list-invalid"
    assert f"no job requests the labels of a class ({FIRST}: {', '.join(WANTED.labels)}" in said


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (
            ["--timezone", "Mars/Base"],
            "policy-impossible",
            "timezone: 'Mars/Base' is not an IANA time zone",
        ),
        (["--maximum", "1", "--always-on", "2"], "policy-impossible", f"classes.{FIRST}: maximum must be at least"),
        (["--maximum", "0"], "policy-impossible", f"classes.{FIRST}.maximum is 0: input should be greater than"),
        (["--always-on", "-1"], "policy-impossible", f"classes.{FIRST}.always_on is -1: input should be greater than"),
        (["--always-on", "1.5"], "policy-impossible", "--always-on takes a whole number, not '1.5'."),
        (
            ["--business-hours", "20:00-08:00"],
            "policy-impossible",
            "business_hours: end (08:00) must be later than start",
        ),
        (["--business-hours", "8-20"], "policy-impossible", "business_hours.start is '8': string should match pattern"),
        (["--business-days", "Tue"], "policy-impossible", "business_hours.days is 'Tue': input should be 'Mon-Fri'"),
        (["--boot-minutes", "-1"], "policy-impossible", "--boot-minutes must be 0 or more, not -1."),
        (["--idle-minutes", "nan"], "policy-impossible", "--idle-minutes must be 0 or more, not nan."),
        (["--pickup-seconds", "soon"], "policy-impossible", "--pickup-seconds takes a number, not 'soon'."),
        (["--jobs-per-day", "1e9"], "load-impossible", f"{FIRST}: a simulation takes at most 10000000 jobs"),
        (["--burst", "1e12"], "load-impossible", "burst must be at most 10000"),
        (["--spread", "1e200"], "load-impossible", "spread must be at most 1000"),
        (["--jobs-per-day", "0"], "load-impossible", "Invalid load: jobs-per-day must be above 0."),
        (["--jobs-per-day", "0.000001"], "load-impossible", f"{FIRST}: the load is so low that no job is queued"),
        (["--jobs-per-day", "many"], "load-impossible", "--jobs-per-day takes a number, not 'many'."),
        (["--durations", "normal"], "load-impossible", "durations must be one of lognormal, exponential, constant"),
        (["--period", "0"], "load-impossible", "--period must be from 1 to 3660 days, not 0."),
        (
            ["--class", "none"],
            "usage",
            f"The class none is not in org.yml; choose one of: {', '.join(RUNNERS.classes)}.",
        ),
        (["--maximum", "none=3"], "usage", "The class none is not in org.yml"),
        (["--jobs", "none.json"], "job-list-invalid", "none.json: No such file or directory."),
        (["--plot", "plot.pdf"], "usage", "--plot plot.pdf: the file must end with .png or .svg."),
    ],
)
def test_what_cannot_be(capsys: pytest.CaptureFixture[str], options: list[str], code: str, said: str) -> None:
    found = complaint(capsys, *options)
    assert found[0] == code
    assert said in found[1]
