// The pages that have styles begin here.
import "./plain.css";
import "./theme.scss";
import "./main";
