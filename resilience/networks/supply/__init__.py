"""The economic network: firms that supply firms."""
