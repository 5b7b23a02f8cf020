"""A recurrent network of anyone's -> every gate, cell state and output at every step, read and changed."""

from rnnscope.replay.scope.attaching import attach, recurrent_in
from rnnscope.replay.scope.hooks import At, Hook
from rnnscope.replay.scope.scope import Cache, Scope
from rnnscope.replay.scope.sites import Names, Site, SiteTable

__all__ = ["At", "Cache", "Hook", "Names", "Scope", "Site", "SiteTable", "attach", "recurrent_in"]
