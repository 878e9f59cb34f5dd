"""From the output of well-known commands, as a person pastes it, to facts. Pure functions of the text."""
