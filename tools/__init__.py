"""Tools of the developers: they write and check what is derived, and no stage imports them."""
