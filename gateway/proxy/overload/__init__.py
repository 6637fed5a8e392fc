"""More calls than this process can serve: noticed by the length of the event loop's turns, and begun by turns."""
