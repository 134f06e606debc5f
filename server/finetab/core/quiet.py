"""What libraries say to whoever calls them, and a user can do nothing about."""

import logging
import warnings


def quiet_libraries() -> None:
    """Have them keep to themselves which names they will rename, and which code they would fetch."""
    warnings.simplefilter("ignore", FutureWarning)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
