"""Records -> a browser page that looks inside: text, units, search, gates, models, errors, live, teach.

`app` and `views` read records and never torch; `live` runs a network and is passed in as an argument.
"""
