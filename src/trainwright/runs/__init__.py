"""What runs leave behind: run folders, the registry of packages, provenance, and the mirror to a tracker."""
