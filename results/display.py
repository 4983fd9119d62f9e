"""What makes a record show itself as a table in a notebook."""


class Shown:
    """A record with a display of its own in `results.notebook`, loaded when it is asked for."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from results.notebook import record_html

        return record_html(self)
