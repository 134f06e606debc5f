"""The language server: the only folder that speaks the protocol. No model code is imported here."""
