"""Sessions that a vendor's own backend opens for people of a company, who have no password here."""
