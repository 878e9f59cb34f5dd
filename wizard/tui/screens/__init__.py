"""One screen for each step of a case, and the dialogs that open above them."""
