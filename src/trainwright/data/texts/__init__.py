"""What stage 1 does with texts."""
