"""Pages as HTML: templates, and what they need in order to show an object."""
