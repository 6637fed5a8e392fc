"""Pages for people of one company: those whom a vendor calls partners."""
