"""M: recurrent networks that predict the next z from z, the action and a hidden state h."""
