"""To whom it goes: the engine as each framework wants it."""
