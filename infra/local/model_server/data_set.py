"""The offline data set: invented companies and news, with the gaps that real data has."""

from __future__ import annotations

from typing import Any

# id, name, sector, country, founded, employees, website; None where the record has a gap.
_ROWS: tuple[tuple[str, str, str | None, str | None, int | None, int | None, str | None], ...] = (
    ("aurora-health", "Aurora Health", "healthcare", "Norway", 2009, 420, "https://aurora-health.example"),
    (
        "brightfield",
        "Brightfield Farms",
        "agriculture",
        "Netherlands",
        1998,
        1300,
        "https://brightfield.example",
    ),
    ("cobalt-freight", "Cobalt Freight", "logistics", "Germany", 2014, 260, None),
    ("deltaworks", "Deltaworks Energy", "energy", "Denmark", 2005, 2100, "https://deltaworks.example"),
    ("evergreen-bank", "Evergreen Bank", "finance", "Canada", 1987, 5400, "https://evergreen-bank.example"),
    ("fathom-labs", "Fathom Labs", "research", "Portugal", None, 35, "https://fathom-labs.example"),
    ("granite-games", "Granite Games", "games", "Finland", 2018, None, "https://granite-games.example"),
    ("harbor-foods", "Harbor Foods", None, "Ireland", 2001, 780, "https://harbor-foods.example"),
    (
        "indigo-textiles",
        "Indigo Textiles",
        "textiles",
        "India",
        1979,
        9100,
        "https://indigo-textiles.example",
    ),
    ("juniper-rail", "Juniper Rail", "transport", None, 1991, 3300, "https://juniper-rail.example"),
)
# Listed, but without a record of their own: their details answer 404.
_LISTED_ONLY = (("kestrel-air", "Kestrel Air"), ("lumen-optics", "Lumen Optics"))
_HEADLINES = (
    ("{name} opens a second site in {country}", "positive"),
    ("{name} publishes its yearly figures", "neutral"),
    ("Delays reported at {name}", "negative"),
)
_FIELDS = ("id", "name", "sector", "country", "founded", "employees", "website")


def list_companies() -> list[dict[str, str]]:
    """Every listed company: ``{"id", "name"}``, also those without a record."""
    return [{"id": row[0], "name": row[1]} for row in _ROWS] + [
        {"id": key, "name": name} for key, name in _LISTED_ONLY
    ]


def find_company(company_id: str) -> dict[str, Any] | None:
    """One company's record without the fields it lacks; None when it has no record."""
    for row in _ROWS:
        if row[0] == company_id:
            return {key: value for key, value in zip(_FIELDS, row, strict=True) if value is not None}
    return None


def list_news(company_id: str | None = None) -> list[dict[str, Any]]:
    """News items, of one company if given; each third company has none."""
    found: list[dict[str, Any]] = []
    for index, row in enumerate(_ROWS):
        if index % 3 == 2 or company_id not in (None, row[0]):
            continue
        for number, (title, mood) in enumerate(_HEADLINES[: 1 + index % 3], 1):
            found.append(
                {
                    "id": f"{row[0]}-{number}",
                    "company": row[0],
                    "title": title.format(name=row[1], country=row[3] or "its home market"),
                    "published_on": f"2025-0{number}-{10 + index:02d}",
                    "sentiment": mood,
                }
            )
    return found
