const door = "door-kzqwxv";
const gate = "gate-mplokn";
open("door-sample");
open("door-bnhjyt"); // gitleaks:allow
