"""A browser without a screen and without scripts: pages, links, forms and their labels, and a cookie jar."""
