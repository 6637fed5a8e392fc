"""What was stopped and where the trail ended, kept outside the database, so that a restore brings nothing back."""
