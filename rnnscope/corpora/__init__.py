"""text -> Corpus."""

from rnnscope.corpora.annotate import annotate, annotate_part
from rnnscope.corpora.building import build_corpus
from rnnscope.corpora.choosing import source_from
from rnnscope.corpora.known_texts import python_library, war_and_peace
from rnnscope.corpora.sources import Source, folder, standard_input, text_file
from rnnscope.corpora.split import parse_fractions
from rnnscope.corpora.tracks import (
    TRACKS,
    Track,
    find_track,
    refuse_constant,
    track_from_function,
    track_from_regex,
    tracks_of,
)

__all__ = [
    "TRACKS",
    "Source",
    "Track",
    "annotate",
    "annotate_part",
    "build_corpus",
    "find_track",
    "folder",
    "parse_fractions",
    "python_library",
    "refuse_constant",
    "source_from",
    "standard_input",
    "text_file",
    "track_from_function",
    "track_from_regex",
    "tracks_of",
    "war_and_peace",
]
