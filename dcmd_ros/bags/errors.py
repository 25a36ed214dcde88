"""The error of a bag that cannot be used."""

from dcmd_ros.errors import DcmdError


class BagError(DcmdError):
    """A bag, or a topic in it, that cannot be read or written: which, why and what to do."""
