"""Downloads: resumed, hash checked, unpacked safely."""
