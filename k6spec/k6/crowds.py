"""Finds tags with about as many values as there are requests: k6 keeps a time series for each value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from k6spec.k6.rows import SYSTEM_TAGS, Tags

_MOST: Final = 1000
_FEWEST: Final = 100
_OUR_OWN: Final = "k6spec_"  # bounded by what makes them


@final
class Crowds:
    """Counts the values of each tag of the script's own, and of ``name``, up to a thousand."""

    def __init__(self) -> None:
        self._values: dict[str, set[str]] = {}

    def see(self, tags: Tags) -> None:
        """Takes a set of tags that wasn't there before."""
        for name, value in tags.items():
            if name == "name" or not (name in SYSTEM_TAGS or name.startswith(_OUR_OWN)):
                values = self._values.setdefault(name, set())
                if len(values) <= _MOST:
                    values.add(value)

    def remarks(self, requests: int) -> Iterator[str]:
        """What to tell about a load of so many requests."""
        for name, values in self._values.items():
            count = len(values)
            if count <= _MOST and not (count >= _FEWEST and count * 2 >= requests):
                continue
            shown = f"over {_MOST:,}" if count > _MOST else f"{count:,}"
            if name == "name":
                yield (
                    f"{shown} different URLs in {requests:,} requests, and k6 keeps a time series for each: name "
                    'such requests, as in http.get(url, {tags: {name: "GET /products/{id}"}})'
                )
            else:
                yield (
                    f"the tag {name} has {shown} values in {requests:,} requests, and k6 keeps a time series for "
                    "each: leave it out; k6spec knows every request by its trace id and its X-Correlation-ID"
                )
