"""From folders of source files to packed rows of token ids."""
