"""AnnotatedText -> one value per character, by track: those that are here (`definitions.py`) and a user's own
(`own.py`).
"""

from rnnscope.corpora.tracks.annotated import AnnotatedText
from rnnscope.corpora.tracks.definitions import TRACKS, tracks_of
from rnnscope.corpora.tracks.own import find_track, refuse_constant, track_from_function, track_from_regex
from rnnscope.corpora.tracks.track import LANGUAGES, Kind, Track

__all__ = [
    "LANGUAGES",
    "TRACKS",
    "AnnotatedText",
    "Kind",
    "Track",
    "find_track",
    "refuse_constant",
    "track_from_function",
    "track_from_regex",
    "tracks_of",
]
