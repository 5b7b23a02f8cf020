"""What tests of compiled code share."""

import pytest

from rnnscope.errors import BackendError
from rnnscope.recurrence.native.building import recipe
from rnnscope.recurrence.native.variants import variant_for


@pytest.fixture
def can_compile():
    """Skips where there is no compiler or no processor for the native step: an install without is whole."""
    try:
        recipe(variant_for("float64"))
    except BackendError as reason:
        pytest.skip(str(reason))
