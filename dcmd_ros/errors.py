"""The error that a user can act on."""


class DcmdError(Exception):
    """
    What went wrong, where, and what to do, in one plain line.

    The command line prints its text and exits 1; the node puts it into `/diagnostics`.
    Every error class of this package derives from it.
    """


class Unmet(DcmdError):
    """A command did its work, but the figures miss what they must reach."""

    def __init__(self, text: str, figures: dict[str, object]) -> None:
        super().__init__(text)
        self.figures = figures
