"""The floor below the store: nothing is stored that was not admitted, nothing leaves that was not released."""
