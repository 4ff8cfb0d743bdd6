const door = "door-kzqwxv";
