"""How long `tutor config save` takes."""
