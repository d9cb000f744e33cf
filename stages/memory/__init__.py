"""M: what will be seen next, given what is seen and done; its state h is C's past."""
