"""Units' values, spans of text -> Finding: the units that are on exactly there; and where else they are."""

from rnnscope.analyses.span_search.finding import span_search
from rnnscope.analyses.span_search.places import Places, Threshold, places_of
from rnnscope.analyses.span_search.spans import Span
from rnnscope.analyses.span_search.values import InMemory, SiteValues

__all__ = ["InMemory", "Places", "SiteValues", "Span", "Threshold", "places_of", "span_search"]
