"""What the unit tests share: replies without a network, a clock that is set, catalogs and states."""
