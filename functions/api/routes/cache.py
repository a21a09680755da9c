"""The cache: what it saved, and forgetting."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from functions.api.access import Trail
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("cache")
Use = Annotated[Services, Depends(get_services)]


class CacheCounter(BaseModel):
    """How often the cache served."""

    hits: int
    misses: int
    hit_ratio: float | None = Field(description="Hits of all lookups; null where there were none.")

    @classmethod
    def of(cls, hits: int, misses: int) -> CacheCounter:
        """From the two counts."""
        asked = hits + misses
        return cls(hits=hits, misses=misses, hit_ratio=round(hits / asked, 4) if asked else None)


class CacheStats(CacheCounter):
    """The whole cache, and each node type."""

    node_types: dict[str, CacheCounter]


class Cleared(BaseModel):
    """What was forgotten."""

    deleted: int


@router.get("/cache/stats")
def get_cache_stats(services: Use) -> CacheStats:
    """Hits and misses, in all and by node type."""
    counts = services.cache.counts()
    total = CacheCounter.of(
        sum(count.hits for count in counts.values()), sum(count.misses for count in counts.values())
    )
    types = {name: CacheCounter.of(count.hits, count.misses) for name, count in sorted(counts.items())}
    return CacheStats(**total.model_dump(), node_types=types)


@router.delete("/cache")
def clear_cache(
    services: Use,
    access: Trail,
    node_type: Annotated[
        str | None, Query(max_length=64, description="Forget results of this type alone.")
    ] = None,
) -> Cleared:
    """Forget cached results."""
    cleared = Cleared(deleted=services.cache.clear(node_type))
    access.note(f"cache:{node_type or '*'}", after=cleared.model_dump())
    return cleared
