"""The key registry: companies, applications, bookings, credentials and the audit trail, in PostgreSQL.

People and scripts change them over the admin API. The other services look credentials up, follow what
changes, and hand in their audit events, over the internal API.
"""
