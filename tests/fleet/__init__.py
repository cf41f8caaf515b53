"""What the tests know of the running fleet: the outside of it, through independent clients."""
