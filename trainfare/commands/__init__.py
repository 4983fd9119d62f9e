"""One file a verb: parse, call the rooms, print."""
