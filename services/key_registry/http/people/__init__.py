"""`/admin/v1/invitations`, `/sessions`, `/people` and `/me`."""
