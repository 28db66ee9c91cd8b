"""The pages: each module has `show()`, which `pages` calls; the others are the dialogs that they open."""
